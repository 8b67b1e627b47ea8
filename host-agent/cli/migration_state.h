/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states of QEMU's migration, and what each means to whoever wants to cancel it, waits
 * for its end, or has to do something that it may go on.
 */
#ifndef FREEHINT_CLI_MIGRATION_STATE_H
#define FREEHINT_CLI_MIGRATION_STATE_H

/**
 * enum migration_stage - where the guest is
 * @STAGE_HERE:    on the source; nothing that could run has left it
 * @STAGE_PRECOPY: likewise, unless the migration has stopped it to hand it over
 * @STAGE_LEAVING: stopped, and handed over: it may run on either side soon
 * @STAGE_THERE:   on the destination, which needs the pages that are still on the source
 * @STAGE_BOTH:    on both, by intention
 * @STAGE_ENDING:  the migration is on its way back to STAGE_OVER
 * @STAGE_OVER:    there is nothing to wait for
 * @STAGE_UNKNOWN: a state that was never heard of
 */
enum migration_stage {
	STAGE_HERE,
	STAGE_PRECOPY,
	STAGE_LEAVING,
	STAGE_THERE,
	STAGE_BOTH,
	STAGE_ENDING,
	STAGE_OVER,
	STAGE_UNKNOWN,
};

/**
 * struct migration_state - a state by the name that query-migrate gives
 * @name:  of QEMU's MigrationStatus
 * @stage: where the guest is
 * @waits: whom or what it waits for, and the command that goes on; NULL: it goes on alone
 */
struct migration_state {
	const char *name;
	enum migration_stage stage;
	const char *waits;
};

/** migration_state_find() - look a name up; Return: never NULL, STAGE_UNKNOWN at worst */
const struct migration_state *migration_state_find(const char *name);

#endif /* FREEHINT_CLI_MIGRATION_STATE_H */
