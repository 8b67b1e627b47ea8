// SPDX-License-Identifier: GPL-2.0
/*
 * The apply thread counts as cleared what it has taken out of QEMU's dirty bitmap, and not what
 * QEMU has sent while the thread waited for the bitmap lock.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
/* links: host-agent/qemu-module/round/apply_thread.c */
/* links: host-agent/qemu-module/core/own_thread.c */
#include <unistd.h>

#include "host-agent/qemu-module/round/apply_thread.h"
#include "host-agent/qemu-module/round/hint_share.h"
#include "host-agent/qemu-module/round/stop_hold.h"
#include "tests/unit/precopy_rig.h"

#define PAGE	FREEHINT_PAGE_SIZE

/*
 * Pages of the range that were dirty, pages that QEMU has sent and counted before it gave the lock
 * away, and pages that it has sent without counting them: XBZRLE skips what has not changed. Less
 * than 0: it has counted pages that were sent before.
 */
static int64_t dirty, sends, uncounted;

static void hint(void *hva, size_t len)
{
	fake.remaining -= (u64)(dirty + sends + uncounted) * PAGE;
	fake.sent += (u64)sends;
}

static void register_thread(void)
{
}

static int setup(void **state)
{
	setup_greeted(state);
	dirty = 0;
	sends = 0;
	uncounted = 0;
	fake.mbps = 800;
	qemu.qemu_guest_free_page_hint = hint;
	qemu.rcu_register_thread = register_thread;
	return apply_thread_start();
}

/* Returns what the round has cleared after a range of @pages pages, which was applied. */
static u64 cleared_by(u64 pages)
{
	const struct gate_range range = { .hva = shm, .len = pages * PAGE };
	struct gate_view view;
	u64 accepted, current;

	gate_view(&view);
	accepted = view.now.accepted;
	assert_int_equal(gate_queue(view.now.id, &range, 1, false, &current), GATE_QUEUED);
	do {
		usleep(100);
		gate_view(&view);
	} while (view.now.accepted == accepted);
	return view.now.cleared;
}

static void open_a_round(void)
{
	const char *why;

	assert_true(reporting_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
}

static void dirty_pages_are_counted(void **state)
{
	open_a_round();
	dirty = 7;
	assert_int_equal(cleared_by(8), 7);
}

static void what_qemu_has_sent_meanwhile_is_not(void **state)
{
	open_a_round();
	sends = 100;
	assert_int_equal(cleared_by(8), 0);
	dirty = 3;
	assert_int_equal(cleared_by(8), 3);
}

static void no_more_than_the_range_has_is_counted(void **state)
{
	open_a_round();
	uncounted = 100;
	assert_int_equal(cleared_by(8), 8);
}

static void a_count_is_never_below_zero(void **state)
{
	open_a_round();
	dirty = 2;
	sends = 50;
	uncounted = -50;
	assert_int_equal(cleared_by(8), 0);
}

/*
 * A page is in flight when the thread asks for the lock, and is counted before it gets it. After
 * every second call QEMU has the next page in flight at once.
 */
static void hint_in_flight(void *hva, size_t len)
{
	static bool in_flight, next;

	if (in_flight)
		fake.sent++;
	fake.remaining -= PAGE;		/* the hinted one */
	next = !next;
	if (next)
		fake.remaining -= PAGE;
	in_flight = next;
}

static void single_pages_beside_a_sender_are_counted(void **state)
{
	u64 cleared = 0;
	int i;

	open_a_round();
	qemu.qemu_guest_free_page_hint = hint_in_flight;
	for (i = 0; i < 40; i++)
		cleared = cleared_by(1);
	assert_in_range(cleared, 39, 41);
}

static void nothing_that_qemu_has_sent_holds_its_stop_or_makes_a_share(void **state)
{
	open_a_round();
	hint_share_begin(fake.remaining);
	sends = 1 << 17;
	fake.downtime_ms = 1000;
	assert_int_equal(cleared_by(1ULL << 17), 0);
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, 1000);
	assert_int_equal(hint_share_of(fake.remaining), 0);
}

#define APPLY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

RUN_TESTS(init, finish,
		APPLY_TEST(dirty_pages_are_counted),
		APPLY_TEST(what_qemu_has_sent_meanwhile_is_not),
		APPLY_TEST(no_more_than_the_range_has_is_counted),
		APPLY_TEST(a_count_is_never_below_zero),
		APPLY_TEST(single_pages_beside_a_sender_are_counted),
		APPLY_TEST(nothing_that_qemu_has_sent_holds_its_stop_or_makes_a_share),
)
