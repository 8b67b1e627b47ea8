// SPDX-License-Identifier: GPL-2.0
/*
 * The first migration in a series that was never tested: what is said of it, once.
 */
/* links: host-agent/qemu-module/entry/first_run.c */
#include "host-agent/qemu-module/core/qemu_abi.h"
#include "host-agent/qemu-module/entry/first_run.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "tests/unit/unit.h"

struct qemu_abi qemu;

static struct gate_view seen;
static struct qemu_notifier *registered;
static unsigned int warnings;
static char said[256];

void gate_view(struct gate_view *view)
{
	*view = seen;
}

static void add_notifier(struct qemu_notifier *notifier)
{
	registered = notifier;
}

__attribute__((format(printf, 1, 2))) static void warn(const char *fmt, ...)
{
	va_list ap;

	warnings++;
	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

static int setup(void **state)
{
	memset(&seen, 0, sizeof(seen));
	warnings = 0;
	said[0] = '\0';
	qemu.major = 9;
	qemu.minor = 2;
	qemu.precopy_add_notifier = add_notifier;
	qemu.warn_report = warn;
	first_run_init();
	return 0;
}

static void notify(enum qemu_precopy_reason reason)
{
	assert_int_equal(registered->notify(registered, &reason), 0);
}

static void sync_once(void)
{
	notify(QEMU_PRECOPY_BEFORE_SYNC);
	notify(QEMU_PRECOPY_AFTER_SYNC);
}

static void migrate(u64 accepted, u64 cleared)
{
	notify(QEMU_PRECOPY_SETUP);
	sync_once();
	seen.counters.rounds++;
	seen.first = (struct gate_round){
		.id = seen.first.id + 1, .pass = 1, .accepted = accepted, .cleared = cleared,
	};
	sync_once();
	notify(QEMU_PRECOPY_COMPLETE);
	notify(QEMU_PRECOPY_CLEANUP);
}

static void a_migration_like_any_other_is_said_once(void **state)
{
	seen.counters.rounds = 7;
	migrate(50, 40);
	assert_string_equal(said, "freehint: the first migration with hints in QEMU 9.2 went as in "
			    "the tested series: 2 syncs, 1 rounds, 40 pages skipped in the first pass");
	migrate(50, 0);
	assert_int_equal(warnings, 1);
}

static void a_migration_without_hints_is_not_the_first_one(void **state)
{
	migrate(0, 0);
	assert_int_equal(warnings, 0);
	migrate(10, 10);
	assert_int_equal(warnings, 1);
}

static void a_cancelled_migration_is_not_the_first_one(void **state)
{
	notify(QEMU_PRECOPY_SETUP);
	sync_once();
	seen.first.id++;
	seen.first.accepted = 10;
	notify(QEMU_PRECOPY_CLEANUP);
	assert_int_equal(warnings, 0);
}

/* Pages that were sent are clean: hints of later passes need not lower anything. */
static void hints_that_come_after_the_first_pass_tell_nothing(void **state)
{
	seen.first = (struct gate_round){ .id = 3, .pass = 1, .accepted = 5 };
	notify(QEMU_PRECOPY_SETUP);
	sync_once();
	seen.counters.rounds++;
	seen.counters.pages_accepted += 50;
	notify(QEMU_PRECOPY_COMPLETE);
	notify(QEMU_PRECOPY_CLEANUP);
	assert_int_equal(warnings, 0);
	/* nor do those of the first round, if that was in a later pass */
	notify(QEMU_PRECOPY_SETUP);
	sync_once();
	seen.first = (struct gate_round){ .id = 4, .pass = 2, .accepted = 5 };
	notify(QEMU_PRECOPY_COMPLETE);
	notify(QEMU_PRECOPY_CLEANUP);
	assert_int_equal(warnings, 0);
}

static void hints_without_effect_are_a_difference(void **state)
{
	migrate(50, 0);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(said, "QEMU 9.2 behaves otherwise"));
	assert_non_null(strstr(said, "do not lower its count"));
}

static void syncs_that_are_not_paired_are_a_difference(void **state)
{
	notify(QEMU_PRECOPY_SETUP);
	notify(QEMU_PRECOPY_AFTER_SYNC);
	assert_non_null(strstr(said, "ends that has not begun"));
	setup(NULL);
	notify(QEMU_PRECOPY_SETUP);
	notify(QEMU_PRECOPY_BEFORE_SYNC);
	notify(QEMU_PRECOPY_BEFORE_SYNC);
	assert_non_null(strstr(said, "begins before the last one has ended"));
	assert_int_equal(warnings, 1);
}

#define SETUP_TEST(name) cmocka_unit_test_setup(name, setup)

RUN_TESTS(NULL, NULL,
		SETUP_TEST(a_migration_like_any_other_is_said_once),
		SETUP_TEST(a_migration_without_hints_is_not_the_first_one),
		SETUP_TEST(a_cancelled_migration_is_not_the_first_one),
		SETUP_TEST(hints_that_come_after_the_first_pass_tell_nothing),
		SETUP_TEST(hints_without_effect_are_a_difference),
		SETUP_TEST(syncs_that_are_not_paired_are_a_difference),
)
