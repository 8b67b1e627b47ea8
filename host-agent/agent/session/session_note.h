/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes about the state of the session, for the administrator: each is logged once, until
 * the state changes.
 */
#ifndef FREEHINT_SESSION_NOTE_H
#define FREEHINT_SESSION_NOTE_H

#include "include/freehint/types.h"

/**
 * enum session_note - state of the session; logged again only after a change
 * @NOTE_NONE:         nothing yet
 * @NOTE_NO_SOCKET:    the agent cannot connect to the monitor socket
 * @NOTE_NO_GREETING:  connected, but QEMU does not send a greeting
 * @NOTE_NO_QMP:       the peer does not speak QMP
 * @NOTE_CLOSED:       QEMU closed the connection
 * @NOTE_NO_EXTENSION: QEMU runs without freehint-qemu.so
 * @NOTE_INCOMING:     QEMU receives a migration
 * @NOTE_NOT_STARTED:  the extension has not published its hello in the shared memory
 * @NOTE_NO_REGION:    the extension has no shared memory, and will not have any by itself
 * @NOTE_NO_SHM:       the file cannot be mapped
 * @NOTE_WRONG_SHM:    the file belongs to another QEMU
 * @NOTE_VERSION:      the extension supports no version that this agent supports
 * @NOTE_LOST_SHM:     the file was truncated
 * @NOTE_ATTACHED:     the shared memory is mapped, nothing is wrong
 * @NOTE_GAVE_UP:      QEMU has been away for too long; the agent exits
 * @NOTE_COUNT:        number of notes
 */
enum session_note {
	NOTE_NONE,
	NOTE_NO_SOCKET,
	NOTE_NO_GREETING,
	NOTE_NO_QMP,
	NOTE_CLOSED,
	NOTE_NO_EXTENSION,
	NOTE_INCOMING,
	NOTE_NOT_STARTED,
	NOTE_NO_REGION,
	NOTE_NO_SHM,
	NOTE_WRONG_SHM,
	NOTE_VERSION,
	NOTE_LOST_SHM,
	NOTE_ATTACHED,
	NOTE_GAVE_UP,
	NOTE_COUNT,
};

/**
 * session_note_update() - record @note
 * @last: last note; updated
 * @note: current note
 * @json: also print a change as an event
 *
 * Return: true when @note has changed; the caller logs it then.
 */
bool session_note_update(enum session_note *last, enum session_note note, bool json);

#endif /* FREEHINT_SESSION_NOTE_H */
