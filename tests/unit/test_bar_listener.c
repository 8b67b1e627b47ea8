// SPDX-License-Identifier: GPL-2.0
/*
 * The region leaves the guest's memory map: the round and the offer that were under way end, and
 * others follow when it is back. Whatever else leaves the map changes nothing.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h tests/unit/give_back_rig.h */
/* links: host-agent/qemu-module/round/bar_listener.c */
#include "host-agent/qemu-module/round/bar_listener.h"
#include "tests/unit/give_back_rig.h"

static int setup(void **state)
{
	setup_giving(state);
	bar_listener_init();
	assert_true(reporting_start(&why));
	return 0;
}

static bool is_open(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.state == GATE_OPEN;
}

/* The guest's kernel moves the bridge: out of the map and in again, in one step of QEMU's. */
static void the_region_moves(void)
{
	fake_region_del(bar_region());
}

static void the_round_ends_and_the_next_sync_opens_another(void **state)
{
	u64 round = begin_migration();

	assert_true(round != FREEHINT_NO_ROUND);
	the_region_moves();
	assert_false(is_open());
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_READY);
	assert_true(sync_once() > round);
	assert_true(is_open());
}

static void other_memory_leaves_without_a_trace(void **state)
{
	u64 round = begin_migration();

	fake_region_del(&fake.block[0]);
	assert_true(is_open());
	assert_int_equal(shm->host_request.round, round);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	fake_region_del(&fake.block[0]);
	assert_true(give_back_is_asking());
}

static void without_a_region_nothing_happens(void **state)
{
	bar_detach();
	fake_region_del(&fake.block[0]);
	assert_false(is_open());
	/* for the next test */
	assert_true(bar_attach(&why));
}

/* A virtio-mem device goes, and another gets its memory. */
static void what_is_known_of_other_memory_is_forgotten(void **state)
{
	fake_discard.vmem[0].memdev = &fake.block[0];
	assert_null(discardable_refusal(&fake.block[0]));
	fake_region_del(&fake.block[0]);
	fake_discard.vmem[0].prealloc = true;
	assert_non_null(discardable_refusal(&fake.block[0]));
}

static void an_offer_is_answered_before_a_store_is_lost(void **state)
{
	u64 offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	offer = offer_blocks();
	assert_true(discard_both(offer));
	the_region_moves();
	assert_int_equal(freehint_offer_answer(&pub, offer), FREEHINT_ANSWER_DECLINED);
	finish_offer();
	assert_int_equal(fake_discard.bytes, 0);
	assert_int_equal(offer_counters.declined_by[OFFER_DECLINED_CUT], 1);
}

static void the_guest_is_asked_again_when_the_region_is_back(void **state)
{
	u64 session, offer;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	session = shm->give_back_request.session;
	fake.unmapped = true;
	fake_region_del(bar_region());
	assert_int_equal(shm->give_back_request.session, FREEHINT_NO_SESSION);
	assert_string_equal(look().paused, BAR_UNMAPPED);
	assert_false(give_back_is_asking());
	fake.unmapped = false;
	fake_time_passes();
	assert_true(give_back_is_asking());
	assert_int_not_equal(shm->give_back_request.session, session);
	offer = offer_blocks();
	assert_true(discard_both(offer));
	finish_offer();
	assert_int_equal(freehint_offer_answer(&pub, offer), FREEHINT_ANSWER_DONE);
}

#define MAP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_giving)

RUN_TESTS(init, finish,
		MAP_TEST(the_round_ends_and_the_next_sync_opens_another),
		MAP_TEST(other_memory_leaves_without_a_trace),
		MAP_TEST(without_a_region_nothing_happens),
		MAP_TEST(what_is_known_of_other_memory_is_forgotten),
		MAP_TEST(an_offer_is_answered_before_a_store_is_lost),
		MAP_TEST(the_guest_is_asked_again_when_the_region_is_back),
)
