/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What QEMU is doing, told from query-status and query-migrate: may the shared
 * memory be mapped, does a migration run, how did the last one end.
 */
#ifndef FREEHINT_MIGRATION_PHASE_H
#define FREEHINT_MIGRATION_PHASE_H

#include "include/freehint/types.h"

/**
 * enum migration_phase - what QEMU does
 * @PHASE_UNKNOWN:  not asked yet. The shared memory must not be touched.
 * @PHASE_INCOMING: this is the destination of a migration that has not completed.
 *                  The shared memory must not be touched: a page that we bring
 *                  into existence breaks an incoming postcopy.
 * @PHASE_IDLE:     no migration runs. The shared memory may be mapped.
 * @PHASE_PRECOPY:  an outgoing migration runs. It may be mapped.
 * @PHASE_POSTCOPY: a postcopy runs and we came too late to see in which direction.
 *                  A mapping that exists stays; a new one must wait.
 */
enum migration_phase {
	PHASE_UNKNOWN,
	PHASE_INCOMING,
	PHASE_IDLE,
	PHASE_PRECOPY,
	PHASE_POSTCOPY,
	PHASE_COUNT,
};

/**
 * enum migration_outcome - how query-migrate says the last migration ended
 * @OUTCOME_NONE:      there was none, or it still runs
 * @OUTCOME_COMPLETED: the guest lives on the other side
 * @OUTCOME_FAILED:    it lives on here
 * @OUTCOME_CANCELLED: it lives on here, somebody wanted it so
 */
enum migration_outcome {
	OUTCOME_NONE,
	OUTCOME_COMPLETED,
	OUTCOME_FAILED,
	OUTCOME_CANCELLED,
	OUTCOME_COUNT,
};

extern const char *const migration_phase_names[PHASE_COUNT];
extern const char *const migration_outcome_names[OUTCOME_COUNT];

/**
 * migration_phase_next() - the phase after a pair of answers
 * @now:      phase so far on this connection; PHASE_UNKNOWN at its start
 * @runstate: "status" of query-status
 * @status:   "status" of query-migrate, "" when it has none
 */
enum migration_phase migration_phase_next(enum migration_phase now, const char *runstate,
					  const char *status);

/** migration_phase_may_map() - may the shared memory be mapped anew? */
bool migration_phase_may_map(enum migration_phase phase);

/** migration_outcome_of() - what "status" of query-migrate says of the end */
enum migration_outcome migration_outcome_of(const char *status);

#endif /* FREEHINT_MIGRATION_PHASE_H */
