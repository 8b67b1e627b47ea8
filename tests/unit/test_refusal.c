// SPDX-License-Identifier: GPL-2.0
/*
 * What stands against hinting is said in words: which capability, which contract of
 * the guest, and who has to be updated.
 */
/* rig: tests/unit/bar_rig.h */
/* links: host-agent/qemu-module/audit/dirty_audit.c */
/* links: host-agent/qemu-module/core/dirty_log.c */
/* links: host-agent/qemu-module/audit/write_watch.c host-agent/qemu-module/core/arm.c */
/* links: host-agent/qemu-module/postcopy/skipped.c */
/* links: host-agent/qemu-module/core/migration_thread.c */
/* links: host-agent/qemu-module/core/ram_dirty_bitmap.c */
/* links: host-agent/qemu-module/postcopy/switchover.c */
/* links: host-agent/qemu-module/postcopy/switch_runs.c */
/* links: host-agent/qemu-module/postcopy/zero_thread.c */
/* links: host-agent/qemu-module/core/own_thread.c */
/* links: host-agent/qemu-module/round/refusal.c host-agent/qemu-module/core/guest_refusal.c */
/* links: host-agent/qemu-module/core/bar_bitmap.c */
#include "host-agent/qemu-module/round/refusal.h"
#include "tests/unit/bar_rig.h"


static void say(u16 contract, u16 refusal)
{
	assert_true(guest_voice_hello(&pub, shm, SHM_SIZE, contract, refusal));
}

static void assert_says(u32 pass, const char *what)
{
	const char *why = refusal_in_pass(pass);

	assert_non_null(why);
	assert_non_null(strstr(why, what));
	/* The agent and the tool show all of it, and there is something to do, or to wait for. */
	assert_true(strlen(why) < FREEHINT_REASON_MAX - 50);
	assert_non_null(strstr(why, "; "));
}

static void nothing_is_wrong(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_null(refusal_in_pass(0));
	assert_null(refusal_in_pass(1));
	assert_null(refusal_in_pass(7));
}

static void a_capability_is_named(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD);
	fake.postcopy = true;
	assert_says(0, "postcopy-ram capability is set");
	fake.postcopy = false;
	fake.snapshot = true;
	assert_says(1, "background-snapshot");
	fake.snapshot = false;
	fake.colo = true;
	assert_says(2, "x-colo");
	fake.colo = false;
	assert_null(refusal_in_pass(2));
}

static void the_guests_reason_is_named(void **state)
{
	say(FREEHINT_CONTRACT_REFUSED, FREEHINT_REFUSAL_POISON);
	assert_says(0, "page_poison");
	say(FREEHINT_CONTRACT_REFUSED, FREEHINT_REFUSAL_PAGE_SIZE);
	assert_says(0, "4 KiB");
	say(FREEHINT_CONTRACT_REFUSED, FREEHINT_REFUSAL_ADMIN);
	assert_says(0, "report=0");
	say(FREEHINT_CONTRACT_REFUSED, FREEHINT_REFUSAL_KERNEL);
	assert_says(0, "kernel is newer");
	say(FREEHINT_CONTRACT_REFUSED, FREEHINT_REFUSAL_PREZERO);
	assert_says(0, "are zero");
	freehint_withdraw(&pub);
	assert_says(0, "no guest module");
}

static void zero_pages_are_refused_in_later_passes_only(void **state)
{
	publish_hello(FREEHINT_CONTRACT_ZERO);
	assert_null(refusal_in_pass(0));
	assert_null(refusal_in_pass(1));
	assert_says(2, "init_on_free");
}

static void the_side_to_update_is_named(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD);
	shm->guest_hello.version = FREEHINT_VERSION + 1;
	assert_says(1, "update freehint of the host");
	assert_says(1, "the guest module uses version ");
	shm->guest_hello.version = FREEHINT_VERSION_MIN - 1;
	assert_says(1, "update freehint of the guest");
}

static void without_a_region_nothing_else_is_asked(void **state)
{
	assert_says(0, "no shared memory; add memory backend 'freehint'");
}

static int setup(void **state)
{
	attach();
	return 0;
}

RUN_TESTS(init, finish,
		cmocka_unit_test(without_a_region_nothing_else_is_asked),
		cmocka_unit_test_setup(nothing_is_wrong, setup),
		cmocka_unit_test_setup(a_capability_is_named, setup),
		cmocka_unit_test_setup(the_guests_reason_is_named, setup),
		cmocka_unit_test_setup(zero_pages_are_refused_in_later_passes_only, setup),
		cmocka_unit_test_setup(the_side_to_update_is_named, setup),
)
