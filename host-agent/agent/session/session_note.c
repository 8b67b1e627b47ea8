// SPDX-License-Identifier: GPL-2.0
/*
 * Notes about the state of the session: each is logged once, until the state changes.
 */
#include "session_note.h"

#include "host-agent/agent/migration/stats.h"

static const char *const note_names[NOTE_COUNT] = {
	[NOTE_NONE] = "none",
	[NOTE_NO_SOCKET] = "no-socket",
	[NOTE_NO_GREETING] = "no-greeting",
	[NOTE_NO_QMP] = "no-qmp",
	[NOTE_CLOSED] = "closed",
	[NOTE_NO_EXTENSION] = "no-extension",
	[NOTE_INCOMING] = "incoming",
	[NOTE_NOT_STARTED] = "not-started",
	[NOTE_NO_REGION] = "no-region",
	[NOTE_NO_SHM] = "no-shm",
	[NOTE_WRONG_SHM] = "wrong-shm",
	[NOTE_VERSION] = "version",
	[NOTE_LOST_SHM] = "lost-shm",
	[NOTE_ATTACHED] = "attached",
	[NOTE_GAVE_UP] = "gave-up",
};

bool session_note_update(enum session_note *last, enum session_note note, bool json)
{
	if (*last == note)
		return false;
	*last = note;
	if (json)
		stats_print_event("state", "state", note_names[note]);
	return true;
}
