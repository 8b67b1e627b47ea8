// SPDX-License-Identifier: GPL-2.0
/*
 * The states of QEMU's migration: MigrationStatus of 7.2, 10.0 and 11.1. A comment marks
 * each state that is newer than 7.2.
 *
 * QEMU accepts migrate_cancel in too many states. Up to 9.2 it accepts it after the switch
 * to postcopy, and the guest on the destination waits for its pages without end. In
 * "device", and up to 9.2 in "active" with the guest stopped, all series accept it and
 * resume the guest here, although the destination may have started it, too.
 */
#include "migration_state.h"

#include <stddef.h>
#include <string.h>

#include "include/freehint/types.h"

static const struct migration_state states[] = {
	{ "none", STAGE_NONE, NULL },
	{ "setup", STAGE_SOURCE,
	  "QEMU waits for the connection; does the destination listen there?" },
	{ "wait-unplug", STAGE_SOURCE,
	  "the guest has to release its failover network device; Ctrl-C cancels" },
	{ "active", STAGE_PRECOPY, NULL },
	{ "pre-switchover", STAGE_SOURCE,
	  "the guest is stopped until migrate-continue is run with "
	  "\"state\": \"pre-switchover\"; Ctrl-C cancels" },
	{ "device", STAGE_HANDOVER,
	  "the guest is stopped until the destination has taken its state" },
	/* 10.2 */
	{ "postcopy-device", STAGE_HANDOVER,
	  "the guest is stopped until the destination has taken its state" },
	{ "postcopy-active", STAGE_DESTINATION, NULL },
	{ "postcopy-paused", STAGE_DESTINATION,
	  "the link is broken: run migrate-recover with a new \"uri\" on the destination, out of "
	  "band (exec-oob), then migrate with that \"uri\" and \"resume\": true here" },
	/* 9.1 */
	{ "postcopy-recover-setup", STAGE_DESTINATION,
	  "QEMU waits for the connection; does migrate-recover listen on the destination?" },
	{ "postcopy-recover", STAGE_DESTINATION,
	  "the destination does not answer; since QEMU 8.2 migrate-pause here ends the attempt, "
	  "then migrate-recover there and migrate with \"resume\": true here again; an older QEMU "
	  "cannot end it: keep both sides running" },
	{ "colo", STAGE_BOTH,
	  "COLO does not end by itself; run x-colo-lost-heartbeat on the side that is to "
	  "continue" },
	{ "cancelling", STAGE_ENDING,
	  "QEMU waits for its connection; yank with the instance {\"type\": \"migration\"} "
	  "breaks it" },
	/* 11.0 */
	{ "failing", STAGE_ENDING, NULL },
	{ "completed", STAGE_ENDED, NULL },
	{ "failed", STAGE_ENDED, NULL },
	{ "cancelled", STAGE_ENDED, NULL },
};

static const struct migration_state unknown = {
	"unknown", STAGE_UNKNOWN, "this tool does not know this state; see QEMU's documentation",
};

const struct migration_state *migration_state_find(const char *name)
{
	size_t i;

	if (!name)
		name = "none";
	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (!strcmp(states[i].name, name))
			return &states[i];
	return &unknown;
}
