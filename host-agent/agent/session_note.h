/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the agent last told its administrator about the state of its session: each state is
 * told once, until another is.
 */
#ifndef FREEHINT_SESSION_NOTE_H
#define FREEHINT_SESSION_NOTE_H

#include "include/freehint/types.h"

/**
 * enum session_note - what was last said about the state; said again on a change
 * @NOTE_NONE:         nothing yet
 * @NOTE_NO_SOCKET:    the monitor socket cannot be connected to
 * @NOTE_NO_GREETING:  connected, but QEMU says nothing
 * @NOTE_NO_QMP:       whatever answers does not speak QMP
 * @NOTE_CLOSED:       QEMU closed the connection
 * @NOTE_NO_EXTENSION: QEMU runs without freehint-qemu.so
 * @NOTE_INCOMING:     QEMU receives a migration
 * @NOTE_NOT_STARTED:  the extension has not introduced itself in the shared memory
 * @NOTE_NO_SHM:       the file cannot be mapped
 * @NOTE_WRONG_SHM:    the file belongs to another QEMU
 * @NOTE_VERSION:      the extension speaks no version that we do
 * @NOTE_LOST_SHM:     the file was truncated
 * @NOTE_ATTACHED:     all is well
 * @NOTE_GAVE_UP:      QEMU has been away for too long; the agent ends
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
	NOTE_NO_SHM,
	NOTE_WRONG_SHM,
	NOTE_VERSION,
	NOTE_LOST_SHM,
	NOTE_ATTACHED,
	NOTE_GAVE_UP,
	NOTE_COUNT,
};

/**
 * session_note_is_news() - remember @note
 * @last: what was told last; updated
 * @note: what is so now
 * @json: print a change as an event, too
 *
 * Return: true when @note is news, which the caller logs.
 */
bool session_note_is_news(enum session_note *last, enum session_note note, bool json);

#endif /* FREEHINT_SESSION_NOTE_H */
