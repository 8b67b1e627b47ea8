// SPDX-License-Identifier: GPL-2.0
/*
 * When the guest is asked for its memory: after a command or an option, unless something
 * stands against it; not while a migration is under way, and again when that is over; never
 * twice with the same number.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h tests/unit/give_back_rig.h */
/* links: host-agent/qemu-module/entry/give_back_command.c */
#include "host-agent/qemu-module/entry/give_back_command.h"
#include "tests/unit/give_back_rig.h"

static u64 asked(void)
{
	return shm->give_back_request.session;
}

static void assert_paused(const char *words)
{
	struct give_back_view view = look();

	assert_false(view.asking);
	assert_int_equal(asked(), FREEHINT_NO_SESSION);
	assert_non_null(view.paused);
	if (!strstr(view.paused, words))
		fail_msg("\"%s\" does not say \"%s\"", view.paused, words);
	assert_true(strlen(view.paused) < 128);
}

static void publish_drained(u64 drained)
{
	const struct freehint_give_back_state state = {
		.session = asked(), .drained = drained, .offers = 5, .withdrawn = 1,
	};

	freehint_publish_give_back(&pub, &state);
}

static void the_guest_is_asked_as_long_as_it_is_wanted(void **state)
{
	assert_int_equal(asked(), FREEHINT_NO_SESSION);
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	assert_int_not_equal(asked(), FREEHINT_NO_SESSION);
	assert_int_equal(shm->give_back_request.order, 9);
	assert_int_equal(shm->give_back_request.leave, 2 * MIB >> 12);
	publish_drained(3);
	assert_true(look().drained && look().asking);
	assert_int_equal(look().guest_offers, 5);
	assert_int_equal(look().guest_withdrawn, 1);
	assert_true(give_back_set(&give_back_off, &why));
	assert_int_equal(asked(), FREEHINT_NO_SESSION);
	assert_null(look().paused);
}

static void an_order_above_the_guests_is_refused_in_numbers(void **state)
{
	struct give_back_params some = { .mode = GIVE_BACK_ONCE, .order = 11 };

	assert_false(give_back_set(&some, &why));
	assert_string_equal(why, "blocks of order 11 are wanted, and the guest's largest have order "
			    "10; give this or a lower order");
	assert_int_equal(asked(), FREEHINT_NO_SESSION);
	assert_null(look().refused);
	some.order = 10;
	assert_true(give_back_set(&some, &why));
	assert_int_equal(shm->give_back_request.order, 10);
	/* No order is what suits the mode. */
	shm->guest_hello.max_order = 8;
	assert_false(give_back_set(&(struct give_back_params){ .mode = GIVE_BACK_ALWAYS }, &why));
	assert_string_equal(why, "blocks of order 9 are wanted, and the guest's largest have order "
			    "8; give this or a lower order");
	/* The guest runs another kernel now, and nobody names another order. */
	shm->guest_hello.max_order = 9;
	fake_time_passes();
	assert_int_equal(asked(), FREEHINT_NO_SESSION);
	assert_non_null(look().paused);
	assert_string_equal(look().refused, look().paused);
	shm->guest_hello.max_order = 10;
	fake_time_passes();
	assert_int_not_equal(asked(), FREEHINT_NO_SESSION);
}

static void once_ends_when_the_guest_is_drained(void **state)
{
	u64 took;

	assert_true(set_mode(GIVE_BACK_ONCE));
	publish_drained(0);
	fake_time_passes();
	assert_true(look().asking);
	assert_false(look().drained);
	publish_drained(1);
	fake_time_passes();
	assert_int_equal(asked(), FREEHINT_NO_SESSION);
	assert_true(look().drained);
	assert_int_equal(look().params.mode, GIVE_BACK_OFF);
	took = look().elapsed_us;
	assert_int_equal(look().elapsed_us, took);
}

static void what_the_guest_counts_for_an_earlier_session_says_nothing(void **state)
{
	assert_true(set_mode(GIVE_BACK_ONCE));
	publish_drained(1);
	assert_true(set_mode(GIVE_BACK_ONCE));
	fake_time_passes();
	assert_true(look().asking);
	assert_false(look().drained);
}

static void a_session_number_never_comes_twice(void **state)
{
	u64 first, second;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	first = asked();
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	second = asked();
	assert_int_not_equal(first, second);
	fake.running = false;
	fake.state(NULL, false, 0);
	fake.running = true;
	fake.state(NULL, true, 0);
	assert_true(asked() != FREEHINT_NO_SESSION && asked() != first && asked() != second);
	assert_true(asked() <= FREEHINT_ROUND_MAX);
}

static void a_migration_ends_the_session_at_once_and_it_goes_on_afterwards(void **state)
{
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	fake_discard.status = "active";
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	assert_int_equal(asked(), FREEHINT_NO_SESSION);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	fake_time_passes();
	assert_paused("under way");
	fake_notify(QEMU_PRECOPY_CLEANUP);
	fake_time_passes();
	assert_paused("under way");
	fake_discard.status = "cancelled";
	fake_time_passes();
	assert_int_not_equal(asked(), FREEHINT_NO_SESSION);
}

static void every_state_of_a_migration_that_is_not_its_end_counts(void **state)
{
	static const char *const under_way[] = {
		"setup", "active", "device", "wait-unplug", "pre-switchover", "cancelling",
		"postcopy-active", "postcopy-paused", "colo", "a state of later series",
	};
	static const char *const over[] = { NULL, "none", "completed", "failed", "cancelled" };
	size_t i;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	for (i = 0; i < sizeof(under_way) / sizeof(under_way[0]); i++) {
		fake_discard.status = under_way[i];
		assert_paused("under way");
	}
	for (i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
		fake_discard.status = over[i];
		assert_true(look().asking);
	}
	fake.incoming = true;
	assert_paused("incoming");
	fake.incoming = false;
	fake.colo = true;
	assert_paused("x-colo");
}

static void a_stopped_guest_is_not_asked(void **state)
{
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	fake.running = false;
	fake.state(NULL, false, 0);
	assert_paused("does not run");
	assert_true(set_mode(GIVE_BACK_ONCE));
	assert_paused("does not run");
}

static void a_reset_ends_the_session_until_the_new_kernel_says_hello(void **state)
{
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	fake.reset(NULL);
	assert_paused("no guest module");
	give_back_hello(FREEHINT_GIVE_BACK_POSSIBLE);
	fake_time_passes();
	assert_int_not_equal(asked(), FREEHINT_NO_SESSION);
}

static void a_guest_that_cannot_is_refused_in_words(void **state)
{
	static const struct {
		u32 give_back;
		const char *words;
	} guest[] = {
		{ FREEHINT_GIVE_BACK_UNKNOWN, "update freehint of the guest" },
		{ FREEHINT_GIVE_BACK_NO_KERNEL, "CONFIG_PAGE_REPORTING" },
		{ FREEHINT_GIVE_BACK_BUSY, "virtio-balloon" },
		{ FREEHINT_GIVE_BACK_CONTRACT, "reports no free page" },
		{ FREEHINT_GIVE_BACK_ADMIN, "give_back=0" },
		{ FREEHINT_GIVE_BACK_FAILED, "see its log" },
	};
	size_t i;

	for (i = 0; i < sizeof(guest) / sizeof(guest[0]); i++) {
		give_back_hello(guest[i].give_back);
		assert_false(set_mode(GIVE_BACK_ALWAYS));
		assert_non_null(strstr(why, guest[i].words));
		assert_true(strlen(why) < FREEHINT_REASON_MAX - 50);
		assert_non_null(strstr(why, "; "));
		assert_ptr_equal(look().refused, why);
		assert_int_equal(look().params.mode, GIVE_BACK_OFF);
	}
	/* What it finds out when it is asked ends the session, too. */
	give_back_hello(FREEHINT_GIVE_BACK_POSSIBLE);
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	give_back_hello(FREEHINT_GIVE_BACK_BUSY);
	fake_time_passes();
	assert_paused("virtio-balloon");
}

static void a_discard_that_fails_ends_the_session(void **state)
{
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	fake_discard.fails = true;
	assert_true(discard_both(offer_blocks()));
	finish_offer();
	fake_time_passes();
	assert_paused("could not discard");
	fake_discard.fails = false;
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	assert_true(look().asking);
}

static void an_option_asks_as_soon_as_the_guest_is_there(void **state)
{
	const struct give_back_params always = { .mode = GIVE_BACK_ALWAYS, .order = 9 };

	give_back_init(&always);
	fake.reset(NULL);
	assert_paused("no guest module");
	give_back_hello(FREEHINT_GIVE_BACK_POSSIBLE);
	fake_time_passes();
	assert_true(look().asking);
}

static void switched_off_no_timer_runs(void **state)
{
	fake_time_passes();
	assert_false(fake.timer_set);
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	assert_true(fake.timer_set);
	assert_true(give_back_set(&give_back_off, &why));
	fake_time_passes();
	assert_false(fake.timer_set);
}

static bool run_command(json_t *args)
{
	return accepts(give_back_command, args);
}

static void the_command_has_defaults_and_limits(void **state)
{
	assert_true(run_command(json_pack("{s:s}", "mode", "once")));
	assert_int_equal(shm->give_back_request.order, FREEHINT_GIVE_BACK_ORDER_ONCE);
	assert_int_equal(shm->give_back_request.leave, 0);
	assert_true(run_command(json_pack("{s:s}", "mode", "always")));
	assert_int_equal(shm->give_back_request.order, FREEHINT_GIVE_BACK_ORDER_ALWAYS);
	assert_true(run_command(json_pack("{s:s, s:i, s:i}", "mode", "always", "order", 10,
					  "leave", 64)));
	assert_int_equal(shm->give_back_request.order, 10);
	assert_int_equal(shm->give_back_request.leave, 64 * MIB >> 12);
	assert_true(run_command(json_pack("{s:s}", "mode", "off")));
	refused(run_command(json_object()), "'mode' is missing");
	refused(run_command(json_pack("{s:s}", "mode", "often")),
		"'mode' is 'often'; give 'off', 'once' or 'always'");
	refused(run_command(json_pack("{s:s, s:i}", "mode", "once", "order", 0)), "'order'");
	refused(run_command(json_pack("{s:s, s:i}", "mode", "once", "order", 19)),
		"'order' is 19; give an integer from 1 to 18");
	refused(run_command(json_pack("{s:s, s:s}", "mode", "once", "order", "9")), "'order'");
	refused(run_command(json_pack("{s:s, s:i}", "mode", "once", "leave", -1)), "'leave'");
	refused(run_command(json_pack("{s:s, s:i}", "mode", "once", "all", 1)), "'all'");
	fake_discard.disabled = true;
	refused(run_command(json_pack("{s:s}", "mode", "once")), "a device forbids");
	assert_true(run_command(json_pack("{s:s}", "mode", "off")));
}

RUN_TESTS(init, finish,
		GIVING_TEST(the_guest_is_asked_as_long_as_it_is_wanted),
		GIVING_TEST(once_ends_when_the_guest_is_drained),
		GIVING_TEST(what_the_guest_counts_for_an_earlier_session_says_nothing),
		GIVING_TEST(a_session_number_never_comes_twice),
		GIVING_TEST(a_migration_ends_the_session_at_once_and_it_goes_on_afterwards),
		GIVING_TEST(every_state_of_a_migration_that_is_not_its_end_counts),
		GIVING_TEST(a_stopped_guest_is_not_asked),
		GIVING_TEST(a_reset_ends_the_session_until_the_new_kernel_says_hello),
		GIVING_TEST(a_guest_that_cannot_is_refused_in_words),
		GIVING_TEST(a_discard_that_fails_ends_the_session),
		GIVING_TEST(an_option_asks_as_soon_as_the_guest_is_there),
		GIVING_TEST(an_order_above_the_guests_is_refused_in_numbers),
		GIVING_TEST(switched_off_no_timer_runs),
		GIVING_TEST(the_command_has_defaults_and_limits),
)
