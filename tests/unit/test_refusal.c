// SPDX-License-Identifier: GPL-2.0
/*
 * What stands against hinting is said in words: which capability, which contract of
 * the guest, and who has to be updated.
 */
/* links: host-agent/qemu-module/audit/witness.c host-agent/qemu-module/audit/write_watch.c */
/* links: host-agent/qemu-module/core/arm.c host-agent/qemu-module/gate/round_gate.c */
/* links: host-agent/qemu-module/postcopy/skipped.c */
/* links: host-agent/qemu-module/postcopy/switchover.c */
/* links: host-agent/qemu-module/postcopy/zero_thread.c */
/* links: host-agent/qemu-module/round/refusal.c host-agent/qemu-module/core/bar.c */
/* links: tests/fakes/fake_qemu.c proto/host_request.c proto/host_snapshot.c */
/* links: proto/guest_publish.c */
#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/round/refusal.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/fakes/guest_voice.h"
#include "tests/unit/unit.h"

#define SHM_SIZE (64ULL << 10)

static struct freehint_shm *shm;
static struct freehint_publisher pub;

static void publish_hello(u16 contract, u16 refusal)
{
	assert_true(guest_voice_hello(&pub, shm, SHM_SIZE, contract, refusal));
}

static void assert_says(u32 pass, const char *what)
{
	const char *why = refusal_in_pass(pass);

	assert_non_null(why);
	assert_non_null(strstr(why, what));
}

static void nothing_is_wrong(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD, FREEHINT_REFUSAL_NONE);
	assert_null(refusal_in_pass(0));
	assert_null(refusal_in_pass(1));
	assert_null(refusal_in_pass(7));
}

static void a_capability_is_named(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD, FREEHINT_REFUSAL_NONE);
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
	publish_hello(FREEHINT_CONTRACT_REFUSED, FREEHINT_REFUSAL_POISON);
	assert_says(0, "page_poison");
	publish_hello(FREEHINT_CONTRACT_REFUSED, FREEHINT_REFUSAL_PAGE_SIZE);
	assert_says(0, "4 KiB");
	publish_hello(FREEHINT_CONTRACT_REFUSED, FREEHINT_REFUSAL_ADMIN);
	assert_says(0, "report=0");
	publish_hello(FREEHINT_CONTRACT_REFUSED, FREEHINT_REFUSAL_KERNEL);
	assert_says(0, "kernel is newer");
	publish_hello(FREEHINT_CONTRACT_REFUSED, FREEHINT_REFUSAL_PREZERO);
	assert_says(0, "are zero");
	freehint_withdraw(&pub);
	assert_says(0, "no guest module");
}

static void zero_pages_are_refused_in_later_passes_only(void **state)
{
	publish_hello(FREEHINT_CONTRACT_ZERO, FREEHINT_REFUSAL_NONE);
	assert_null(refusal_in_pass(0));
	assert_null(refusal_in_pass(1));
	assert_says(2, "init_on_free");
}

static void the_side_to_update_is_named(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD, FREEHINT_REFUSAL_NONE);
	shm->guest_hello.version = FREEHINT_VERSION + 1;
	assert_says(1, "update freehint of the host");
	shm->guest_hello.version = FREEHINT_VERSION_MIN - 1;
	assert_says(1, "update freehint of the guest");
}

static void without_a_region_nothing_else_is_asked(void **state)
{
	assert_string_equal(refusal_in_pass(0), "no shared memory");
}

static int attach(void **state)
{
	const char *why;

	fake.shm = shm;
	fake.shm_size = SHM_SIZE;
	if (!bar_attach(&why))
		return -1;
	bar_publish_hello();
	return 0;
}

static int init(void **state)
{
	shm = fake_region_new(SHM_SIZE);
	if (!shm)
		return -1;
	fake_qemu_init();
	return bar_init("freehint");
}

static int finish(void **state)
{
	free(shm);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_region_nothing_else_is_asked),
		cmocka_unit_test_setup(nothing_is_wrong, attach),
		cmocka_unit_test_setup(a_capability_is_named, attach),
		cmocka_unit_test_setup(the_guests_reason_is_named, attach),
		cmocka_unit_test_setup(zero_pages_are_refused_in_later_passes_only, attach),
		cmocka_unit_test_setup(the_side_to_update_is_named, attach),
	};

	return cmocka_run_group_tests(tests, init, finish);
}
