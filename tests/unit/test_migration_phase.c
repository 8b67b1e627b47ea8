// SPDX-License-Identifier: GPL-2.0
/*
 * What QEMU does, told from its answers: when the shared memory may be mapped.
 */
/* links: host-agent/agent/migration/migration_phase.c */
#include "host-agent/agent/migration/migration_phase.h"
#include "tests/unit/unit.h"

/**
 * struct step - one pair of answers and what must be known after it
 * @runstate: query-status
 * @status:   query-migrate
 * @phase:    phase wanted
 * @map:      may the memory be mapped?
 */
struct step {
	const char *runstate;
	const char *status;
	enum migration_phase phase;
	bool map;
};

static void walk(const struct step *steps, size_t count)
{
	enum migration_phase phase = PHASE_UNKNOWN;
	size_t i;

	assert_false(migration_phase_may_map(phase));
	for (i = 0; i < count; i++) {
		phase = migration_phase_next(phase, steps[i].runstate, steps[i].status);
		assert_int_equal(phase, steps[i].phase);
		assert_int_equal(migration_phase_may_map(phase), steps[i].map);
	}
}

#define WALK(...)								\
	do {									\
		static const struct step steps[] = { __VA_ARGS__ };		\
										\
		walk(steps, sizeof(steps) / sizeof(steps[0]));			\
	} while (0)

static void source_may_be_mapped_throughout_precopy(void **state)
{
	WALK({ "running", "", PHASE_IDLE, true },
	     { "running", "setup", PHASE_PRECOPY, true },
	     { "running", "active", PHASE_PRECOPY, true },
	     { "finish-migrate", "device", PHASE_PRECOPY, true },
	     { "postmigrate", "completed", PHASE_IDLE, true },
	     { "running", "cancelling", PHASE_PRECOPY, true },
	     { "running", "cancelled", PHASE_IDLE, true },
	     { "running", "failed", PHASE_IDLE, true });
}

static void destination_of_precopy_waits_for_the_end(void **state)
{
	WALK({ "inmigrate", "", PHASE_INCOMING, false },
	     { "inmigrate", "active", PHASE_INCOMING, false },
	     { "running", "active", PHASE_INCOMING, false },
	     { "running", "completed", PHASE_IDLE, true },
	     { "running", "active", PHASE_PRECOPY, true });
}

static void destination_of_postcopy_waits_while_the_guest_runs(void **state)
{
	WALK({ "inmigrate", "active", PHASE_INCOMING, false },
	     { "inmigrate", "postcopy-active", PHASE_INCOMING, false },
	     { "running", "postcopy-active", PHASE_INCOMING, false },
	     { "running", "postcopy-paused", PHASE_INCOMING, false },
	     { "running", "postcopy-recover", PHASE_INCOMING, false },
	     { "running", "completed", PHASE_IDLE, true });
}

static void agent_that_comes_during_postcopy_waits(void **state)
{
	WALK({ "running", "postcopy-active", PHASE_POSTCOPY, false },
	     { "running", "postcopy-recover-setup", PHASE_POSTCOPY, false },
	     { "running", "completed", PHASE_IDLE, true });
}

static void destination_without_status_is_done_when_it_left_inmigrate(void **state)
{
	WALK({ "inmigrate", "", PHASE_INCOMING, false },
	     { "paused", "", PHASE_IDLE, true });
}

static void no_answer_means_do_not_map(void **state)
{
	WALK({ "", "", PHASE_UNKNOWN, false },
	     { "", "completed", PHASE_UNKNOWN, false },
	     { "inmigrate", "some-new-status", PHASE_INCOMING, false },
	     { "running", "some-new-status", PHASE_INCOMING, false });
}

static void outcomes_have_names(void **state)
{
	assert_int_equal(migration_outcome_of("completed"), OUTCOME_COMPLETED);
	assert_int_equal(migration_outcome_of("failed"), OUTCOME_FAILED);
	assert_int_equal(migration_outcome_of("cancelled"), OUTCOME_CANCELLED);
	assert_int_equal(migration_outcome_of("active"), OUTCOME_NONE);
	assert_int_equal(migration_outcome_of(""), OUTCOME_NONE);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(source_may_be_mapped_throughout_precopy),
		cmocka_unit_test(destination_of_precopy_waits_for_the_end),
		cmocka_unit_test(destination_of_postcopy_waits_while_the_guest_runs),
		cmocka_unit_test(agent_that_comes_during_postcopy_waits),
		cmocka_unit_test(destination_without_status_is_done_when_it_left_inmigrate),
		cmocka_unit_test(no_answer_means_do_not_map),
		cmocka_unit_test(outcomes_have_names),
)
