/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states of QEMU's migration, and what each means for the user: may it be cancelled, and
 * what does it wait for?
 */
#ifndef FREEHINT_CLI_MIGRATION_STATE_H
#define FREEHINT_CLI_MIGRATION_STATE_H

/**
 * enum migration_stage - where the guest is
 * @STAGE_NONE:    this QEMU has not begun a migration
 * @STAGE_SOURCE:  on the source; the destination cannot run it yet
 * @STAGE_PRECOPY: on the source, unless the migration has stopped it for the handover
 * @STAGE_HANDOVER: stopped and handed over: either side may run it soon
 * @STAGE_DESTINATION: on the destination, which needs the pages that are still on the source
 * @STAGE_BOTH:    on both sides, by design (COLO)
 * @STAGE_ENDING:  the migration is about to end without success
 * @STAGE_ENDED:   the migration has ended
 * @STAGE_UNKNOWN: this tool does not know the state
 */
enum migration_stage {
	STAGE_NONE,
	STAGE_SOURCE,
	STAGE_PRECOPY,
	STAGE_HANDOVER,
	STAGE_DESTINATION,
	STAGE_BOTH,
	STAGE_ENDING,
	STAGE_ENDED,
	STAGE_UNKNOWN,
};

/**
 * struct migration_state - one state that query-migrate reports
 * @name:  name in QEMU's MigrationStatus
 * @stage: where the guest is
 * @waits: what the migration waits for, and the command that continues it; NULL: it
 *         continues by itself
 */
struct migration_state {
	const char *name;
	enum migration_stage stage;
	const char *waits;
};

/**
 * migration_state_find() - look up a state
 * @name: its name; NULL: QEMU has none to report before its first migration
 *
 * Return: never NULL; STAGE_UNKNOWN if unknown.
 */
const struct migration_state *migration_state_find(const char *name);

#endif /* FREEHINT_CLI_MIGRATION_STATE_H */
