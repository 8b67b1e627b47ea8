/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Derives what QEMU is doing from query-status and query-migrate: may the shared memory
 * be mapped, does a migration run, how did the last one end?
 */
#ifndef FREEHINT_MIGRATION_PHASE_H
#define FREEHINT_MIGRATION_PHASE_H

#include "include/freehint/types.h"

/**
 * enum migration_phase - what QEMU is doing
 * @PHASE_UNKNOWN:  not queried yet. The shared memory must not be touched.
 * @PHASE_INCOMING: this is the destination of a migration that has not completed.
 *                  The shared memory must not be touched: an access that creates a
 *                  page breaks an incoming postcopy.
 * @PHASE_IDLE:     no migration runs. The shared memory may be mapped.
 * @PHASE_PRECOPY:  an outgoing migration runs. The shared memory may be mapped.
 * @PHASE_POSTCOPY: a postcopy runs, and the agent connected too late to see its
 *                  direction. An existing mapping stays; a new one must wait.
 * @PHASE_COUNT:    number of phases
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
 * enum migration_outcome - how the last migration ended, by query-migrate
 * @OUTCOME_NONE:      there was none, or it still runs
 * @OUTCOME_COMPLETED: the guest is on the other side
 * @OUTCOME_FAILED:    the guest is still here
 * @OUTCOME_CANCELLED: the guest is still here, because the migration was cancelled
 * @OUTCOME_COUNT:     number of outcomes
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
 *
 * Return: the new phase.
 */
enum migration_phase migration_phase_next(enum migration_phase now, const char *runstate,
					  const char *status);

/** migration_phase_may_map() - may a new mapping of the shared memory be made? */
bool migration_phase_may_map(enum migration_phase phase);

/** migration_outcome_of() - the outcome that "status" of query-migrate reports */
enum migration_outcome migration_outcome_of(const char *status);

#endif /* FREEHINT_MIGRATION_PHASE_H */
