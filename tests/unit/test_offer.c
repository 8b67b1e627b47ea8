// SPDX-License-Identifier: GPL-2.0
/*
 * One offer: it is answered after its memory was discarded and not before, declined as soon as
 * anything changes, and its answer is the guest's only while no other is in progress.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h tests/unit/give_back_rig.h */
#include "host-agent/qemu-module/map/page_map.h"
#include "tests/unit/give_back_rig.h"

static u64 watched;
static enum freehint_answer seen;

static void assert_counted(u64 done, u64 declined, u64 stale)
{
	assert_int_equal(offer_counters.done, done);
	assert_int_equal(offer_counters.declined, declined);
	assert_int_equal(offer_counters.stale, stale);
}

/* All offers that were declined were declined for this reason. */
static void assert_declined(enum offer_decline reason)
{
	assert_true(offer_counters.declined > 0);
	assert_int_equal(offer_counters.declined_by[reason], offer_counters.declined);
}

static void see_answer(void)
{
	seen = freehint_offer_answer(&pub, watched);
	assert_int_equal(seen, FREEHINT_ANSWER_TAKEN);
}

static void done_comes_after_the_last_discard(void **state)
{
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	watched = offer_blocks();
	fake_discard.before = see_answer;
	assert_true(discard_both(watched));
	assert_int_equal(fake_discard.calls, 0);
	see_answer();
	finish_offer();
	assert_int_equal(freehint_offer_answer(&pub, watched), FREEHINT_ANSWER_DONE);
	assert_int_equal(fake_discard.bytes, 2 * BLOCK);
	assert_int_equal(fake_discard.unheld, 0);
	assert_int_equal(offer_counters.bytes, 2 * BLOCK);
	assert_int_equal(offer_counters.blocks, 2);
	assert_counted(1, 0, 0);
	/* The second block lies where the bitmap of this small region does not reach. */
	assert_int_equal(page_map_count(&given_map, 0, (32 * MIB) >> 12), BLOCK >> 12);
	assert_int_equal(fake.block[0].refs + fake.block[1].refs, 0);
}

static void an_offer_that_was_taken_back_is_not_touched(void **state)
{
	u64 offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	offer = offer_blocks();
	assert_int_equal(freehint_withdraw_offer(&pub, offer), FREEHINT_ANSWER_NONE);
	refused(discard_both(offer), FREEHINT_ERR_STALE);
	refused(false, "; give the sequence that stands in the region");
	fake_time_passes();
	assert_int_equal(fake_discard.calls, 0);
	assert_counted(0, 0, 1);
}

static void an_offer_for_an_earlier_session_is_not_touched(void **state)
{
	u64 offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	offer = offer_blocks();
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	refused(discard_both(offer), FREEHINT_ERR_STALE);
	assert_int_equal(freehint_offer_answer(&pub, offer), FREEHINT_ANSWER_DECLINED);
	assert_int_equal(fake_discard.calls, 0);
}

static void an_offer_that_is_over_is_not_taken_again(void **state)
{
	u64 offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	offer = offer_blocks();
	assert_true(discard_both(offer));
	finish_offer();
	freehint_withdraw_offer(&pub, offer);
	refused(discard_both(offer), FREEHINT_ERR_STALE);
	assert_int_equal(freehint_offer_answer(&pub, offer), FREEHINT_ANSWER_DONE);
}

static void a_second_command_does_not_touch_the_offer_in_progress(void **state)
{
	u64 offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	offer = offer_blocks();
	assert_true(discard_both(offer));
	refused(discard_both(offer), "too early");
	refused(discard_both(offer + 1), "too early");
	assert_int_equal(offer_counters.early, 2);
	assert_int_equal(freehint_offer_answer(&pub, offer), FREEHINT_ANSWER_TAKEN);
	finish_offer();
	assert_int_equal(freehint_offer_answer(&pub, offer), FREEHINT_ANSWER_DONE);
}

static void change_nothing(void)
{
}

static void forbid(void)
{
	fake_discard.disabled = true;
}

static void migrate(void)
{
	fake_discard.status = "setup";
}

static void arrive(void)
{
	fake.incoming = true;
}

static void unplug(void)
{
	fake.block[0].gone = true;
}

static void break_discard(void)
{
	fake_discard.fails = true;
}

static void stop(void)
{
	fake.running = false;
	fake.state(NULL, false, 0);
}

static void reset(void)
{
	fake.reset(NULL);
}

static void sync(void)
{
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
}

static void delete_backend(void)
{
	fake.backend = false;
	assert_false(host_hello_publish(&why));
}

static void unmap(void)
{
	fake.unmapped = true;
}

/* Takes an offer, lets @change happen before its first slice, and returns what comes of it. */
static u64 discarded_after(void (*change)(void))
{
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	watched = offer_blocks();
	assert_true(discard_both(watched));
	change();
	finish_offer();
	assert_int_equal(fake.block[0].refs + fake.block[1].refs, 0);
	return fake_discard.bytes;
}

static void an_offer_is_declined_when_anything_changes(void **state)
{
	static void (*const change[])(void) = {
		forbid, migrate, arrive, unplug, break_discard, stop, reset, sync,
		delete_backend, unmap,
	};
	size_t i;

	for (i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
		assert_int_equal(discarded_after(change[i]), 0);
		assert_counted(0, 1, 0);
		assert_declined(change[i] == break_discard ? OFFER_DECLINED_FAILED :
							     OFFER_DECLINED_CUT);
		/* A hello to another instance clears the line: that is an answer, too. */
		if (change[i] != reset)
			assert_int_equal(freehint_offer_answer(&pub, watched),
					 FREEHINT_ANSWER_DECLINED);
		teardown_giving(state);
		setup_giving(state);
	}
	assert_int_equal(discarded_after(change_nothing), 2 * BLOCK);
}

static void unplug_next(void)
{
	fake.block[1].gone = true;
}

static void an_offer_is_declined_between_two_discards_as_well(void **state)
{
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	watched = offer_blocks();
	fake_discard.before = unplug_next;
	assert_true(discard_both(watched));
	finish_offer();
	assert_true(fake_discard.bytes > 0 && fake_discard.bytes < 2 * BLOCK);
	assert_int_equal(freehint_offer_answer(&pub, watched), FREEHINT_ANSWER_DECLINED);
}

static void while_an_offer_is_given_up_its_memory_is_held(void **state)
{
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	watched = offer_blocks();
	assert_true(discard_both(watched));
	assert_int_equal(fake.block[0].refs, 1);
	/* QEMU's list of blocks is locked in the sync: the last reference must not be dropped. */
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	assert_int_equal(freehint_offer_answer(&pub, watched), FREEHINT_ANSWER_DECLINED);
	assert_int_equal(fake.block[0].refs, 1);
	assert_true(offer_is_busy());
	fake_time_passes();
	assert_int_equal(fake.block[0].refs, 1);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	fake_time_passes();
	assert_int_equal(fake.block[0].refs, 0);
}

static void bad_commands_are_refused_in_words(void **state)
{
	u64 offer;

	refused(discard_both(7), FREEHINT_ERR_CLOSED);
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	refused(run_discard(json_pack("{s:i}", "offer", 0)), "'offer' is 0; give");
	refused(run_discard(json_pack("{s:I, s:i}", "offer", (json_int_t)1, "last", 1)), "'last'");
	refused(run_discard(json_pack("{s:I}", "offer", (json_int_t)FREEHINT_OFFER_MAX + 1)),
		"'offer' is 4611686018427387903; give the sequence");
	refused(run_discard(json_object()), "'offer' is missing or not an integer; give the sequence");
	offer = offer_blocks();
	refused(run_discard(json_pack("{s:I}", "offer", (json_int_t)offer)),
		"'ranges' is missing; give those of the offer");
	assert_int_equal(freehint_offer_answer(&pub, offer), FREEHINT_ANSWER_DECLINED);
	offer = offer_blocks();
	refused(run_discard(json_pack("{s:I, s:[]}", "offer", (json_int_t)offer, "ranges")),
		"'ranges' has 0 entries; give those of the offer, 1 to 128");
	offer = offer_from(64 * MIB, 1);
	refused(run_discard(json_pack("{s:I, s:[{s:I, s:i}]}", "offer", (json_int_t)offer,
				      "ranges", "start", (json_int_t)(64 * MIB), "length", 4096)),
		"outside guest RAM");
	offer = offer_blocks();
	refused(run_discard(json_pack("{s:I, s:[{s:I, s:i}]}", "offer", (json_int_t)offer,
				      "ranges", "start", (json_int_t)(4 * MIB), "length", 7)),
		"not aligned");
	assert_int_equal(fake.block[0].refs + fake.block[1].refs, 0);
	assert_int_equal(fake_discard.calls, 0);
	assert_counted(0, 4, 0);
	assert_declined(OFFER_DECLINED_RANGE);
	assert_int_equal(offer_counters.closed, 1);
}

static void what_the_guest_has_not_offered_is_refused(void **state)
{
	u64 offer, start, end;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	for (start = 3; start <= 4; start++)
		for (end = 6; end <= 7; end++) {
			offer = offer_from(4 * MIB, 1);
			if (run_discard(json_pack("{s:I, s:[{s:I, s:I}]}", "offer",
						  (json_int_t)offer, "ranges", "start",
						  (json_int_t)(start * MIB), "length",
						  (json_int_t)((end - start) * MIB)))) {
				assert_true(start == 4 && end == 6);
				finish_offer();
			} else {
				refused(false, "not part of the guest's offer");
				refused(false, "; leave it out");
			}
		}
	assert_int_equal(fake_discard.bytes, BLOCK);
	assert_counted(1, 3, 0);
	assert_declined(OFFER_DECLINED_RANGE);
}

static void blocks_that_meet_are_one_range(void **state)
{
	u64 offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	offer = offer_from(2 * MIB, 5);
	assert_true(run_discard(json_pack("{s:I, s:[{s:I, s:I}]}", "offer", (json_int_t)offer,
					  "ranges", "start", (json_int_t)(2 * MIB), "length",
					  (json_int_t)(5 * BLOCK))));
	finish_offer();
	assert_int_equal(fake_discard.bytes, 5 * BLOCK);
	assert_int_equal(offer_counters.blocks, 5);
}

static void firmware_is_left_alone(void **state)
{
	u64 offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	offer = offer_from(0, 1);
	assert_true(run_discard(json_pack("{s:I, s:[{s:i, s:I}]}", "offer", (json_int_t)offer,
					  "ranges", "start", 0, "length", (json_int_t)BLOCK)));
	finish_offer();
	assert_int_equal(fake_discard.bytes, MIB);
	assert_int_equal(offer_counters.kept_bytes, MIB);
}

static void memory_that_must_keep_its_pages_is_left_out(void **state)
{
	u64 offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	fake.block[1].prealloc = true;
	offer = offer_blocks();
	assert_true(discard_both(offer));
	finish_offer();
	assert_int_equal(freehint_offer_answer(&pub, offer), FREEHINT_ANSWER_DONE);
	assert_int_equal(fake_discard.bytes, BLOCK);
	assert_int_equal(offer_counters.kept_bytes, BLOCK);
}

static void an_offer_with_nothing_to_discard_is_declined_with_the_reason(void **state)
{
	u64 offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	fake.block[1].prealloc = true;
	offer = offer_blocks();
	refused(run_discard(json_pack("{s:I, s:[{s:I, s:I}]}", "offer", (json_int_t)offer,
				      "ranges", "start", (json_int_t)HIGH, "length",
				      (json_int_t)BLOCK)), "preallocated");
	assert_int_equal(freehint_offer_answer(&pub, offer), FREEHINT_ANSWER_DECLINED);
	assert_declined(OFFER_DECLINED_KEPT);
}

/* QEMU has not looked since it came up: the session still stands. */
static void an_obstacle_is_counted_as_such(void **state)
{
	u64 offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	offer = offer_blocks();
	migrate();
	refused(discard_both(offer), "a migration");
	assert_declined(OFFER_DECLINED_OBSTACLE);
}

static void only_whole_huge_pages_are_discarded(void **state)
{
	u64 offer;

	fake.block[0].page = 2 * MIB;
	fake.block[0].unreserved = true;
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	offer = offer_from(2 * MIB, 4);
	assert_true(run_discard(json_pack("{s:I, s:[{s:I, s:I}]}", "offer", (json_int_t)offer,
					  "ranges", "start", (json_int_t)(3 * MIB), "length",
					  (json_int_t)(4 * MIB))));
	finish_offer();
	assert_int_equal(fake_discard.bytes, 2 * MIB);
	assert_int_equal(fake_discard.unaligned, 0);
	assert_int_equal(offer_counters.kept_bytes, 2 * MIB);
}

RUN_TESTS(init, finish,
		GIVING_TEST(done_comes_after_the_last_discard),
		GIVING_TEST(an_offer_that_was_taken_back_is_not_touched),
		GIVING_TEST(an_offer_for_an_earlier_session_is_not_touched),
		GIVING_TEST(an_offer_that_is_over_is_not_taken_again),
		GIVING_TEST(a_second_command_does_not_touch_the_offer_in_progress),
		GIVING_TEST(an_offer_is_declined_when_anything_changes),
		GIVING_TEST(an_offer_is_declined_between_two_discards_as_well),
		GIVING_TEST(while_an_offer_is_given_up_its_memory_is_held),
		GIVING_TEST(bad_commands_are_refused_in_words),
		GIVING_TEST(what_the_guest_has_not_offered_is_refused),
		GIVING_TEST(blocks_that_meet_are_one_range),
		GIVING_TEST(firmware_is_left_alone),
		GIVING_TEST(memory_that_must_keep_its_pages_is_left_out),
		GIVING_TEST(an_offer_with_nothing_to_discard_is_declined_with_the_reason),
		GIVING_TEST(an_obstacle_is_counted_as_such),
		GIVING_TEST(only_whole_huge_pages_are_discarded),
)
