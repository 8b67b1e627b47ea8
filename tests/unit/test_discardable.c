// SPDX-License-Identifier: GPL-2.0
/*
 * Which memory may be discarded: not what the administrator wants to stay where it is.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h tests/unit/give_back_rig.h */
#include "host-agent/qemu-module/give-back/discardable.h"
#include "tests/unit/give_back_rig.h"

static void refused_all(const char *words)
{
	const char *reason = discardable_guest_refusal();

	assert_non_null(reason);
	if (!strstr(reason, words))
		fail_msg("\"%s\" does not say \"%s\"", reason, words);
	assert_true(strlen(reason) < FREEHINT_REASON_MAX - 50);
	assert_non_null(strstr(reason, "; "));
}

static void ordinary_memory_may_be_discarded(void **state)
{
	assert_null(discardable_guest_refusal());
	assert_null(discardable_refusal(&fake.block[0]));
	assert_int_equal(discardable_order(), 0);
}

static void shared_memory_with_and_without_a_file_may(void **state)
{
	fake.block[0].shared = true;
	fake.block[1].shared = true;
	fake.block[1].fd = 5;
	assert_null(discardable_refusal(&fake.block[0]));
	assert_null(discardable_refusal(&fake.block[1]));
}

static void preallocated_memory_stays(void **state)
{
	fake.block[0].prealloc = true;
	assert_non_null(strstr(discardable_refusal(&fake.block[0]), "prealloc"));
	/* The other block may go. */
	assert_null(discardable_guest_refusal());
	fake.block[1].prealloc = true;
	refused_all("memory 'ram0' is preallocated (prealloc=on); start QEMU with prealloc=off");
}

/* Since QEMU 10.0 the backend of a virtio-mem device must not be preallocated; the device is. */
static void what_virtio_mem_preallocates_stays(void **state)
{
	fake_discard.vmem[0].memdev = &fake.block[1];
	assert_null(discardable_refusal(&fake.block[1]));
	/* Another device, for it is a property that does not change. */
	discardable_forget((const MemoryRegion *)&fake.block[1]);
	fake_discard.vmem[0].prealloc = true;
	assert_non_null(strstr(discardable_refusal(&fake.block[1]), "'ram1' is prealloc"));
	assert_null(discardable_refusal(&fake.block[0]));
	fake.block[0].prealloc = true;
	refused_all("prealloc");
}

static void look_and_offer(unsigned int times)
{
	u64 offer;

	while (times--) {
		assert_true(look().asking);
		offer = offer_blocks();
		assert_true(discard_both(offer));
		finish_offer();
		assert_int_equal(freehint_offer_answer(&pub, offer), FREEHINT_ANSWER_DONE);
	}
}

/* A walk over all objects takes a millisecond where there are many, with the BQL held. */
static void the_machine_is_walked_once_for_each_device(void **state)
{
	fake_discard.vmem[0].memdev = &fake.block[0];
	fake_discard.vmem[1].memdev = &fake.block[1];
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	look_and_offer(100);
	assert_true(fake_discard.walks > 0 && fake_discard.walks <= 2);
}

/* The next device with the same memory may be at the same address. */
static void what_is_known_of_a_device_goes_with_its_memory(void **state)
{
	fake_discard.vmem[0].memdev = &fake.block[0];
	fake_discard.vmem[1].memdev = &fake.block[1];
	assert_null(discardable_refusal(&fake.block[0]));
	assert_null(discardable_refusal(&fake.block[1]));
	fake_discard.vmem[0].prealloc = true;
	fake_discard.vmem[1].prealloc = true;
	discardable_forget((const MemoryRegion *)&fake.block[0]);
	assert_non_null(discardable_refusal(&fake.block[0]));
	assert_null(discardable_refusal(&fake.block[1]));
	/* A command looks again at everything. */
	assert_false(set_mode(GIVE_BACK_ALWAYS));
	refused_all("prealloc");
}

static void another_device_with_the_memory_is_looked_at(void **state)
{
	fake_discard.vmem[0].memdev = &fake.block[0];
	assert_null(discardable_refusal(&fake.block[0]));
	fake_discard.vmem[0].memdev = NULL;
	fake_discard.vmem[1] = (struct fake_vmem) { .memdev = &fake.block[0], .prealloc = true };
	assert_non_null(discardable_refusal(&fake.block[0]));
	fake_discard.vmem[1].memdev = NULL;
	assert_null(discardable_refusal(&fake.block[0]));
}

/* As a virtio-mem device with dynamic-memslots=on that has plugged nothing. */
static void what_is_not_mapped_is_looked_at_each_time(void **state)
{
	fake_discard.vmem[0].memdev = &fake.block[0];
	fake.unmapped = true;
	assert_null(discardable_refusal(&fake.block[0]));
	fake_discard.vmem[0].prealloc = true;
	assert_non_null(discardable_refusal(&fake.block[0]));
}

static void looks_are_counted(void **state)
{
	struct gate_view view;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	memset(&offer_counters, 0, sizeof(offer_counters));
	fake_discard.takes_us = 2000;
	fake_time_passes();
	assert_true(offer_counters.hold_max_us >= 2000);
	/* It slept, which is no processor time. */
	assert_true(offer_counters.hold_cpu_max_us + 1000 <= offer_counters.hold_max_us);
	gate_view(&view);
	assert_true(view.counters.bql_max_us >= 2000);
}

/* A command forgets what was found out, and looks again at all memory. */
static void commands_are_counted(void **state)
{
	fake_discard.takes_us = 2000;
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	assert_true(offer_counters.hold_max_us >= 2000);
}

static void a_guest_that_runs_again_is_counted(void **state)
{
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	discardable_forget_all();
	fake_discard.takes_us = 2000;
	give_back_resume();
	assert_true(offer_counters.hold_max_us >= 2000);
}

static void a_query_is_counted(void **state)
{
	struct give_back_view view;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	discardable_forget_all();
	fake_discard.takes_us = 2000;
	give_back_look(&view);
	assert_true(offer_counters.hold_max_us >= 2000);
}

static void files_that_are_private_or_read_only_stay(void **state)
{
	fake.block[0].fd = 5;
	assert_non_null(strstr(discardable_refusal(&fake.block[0]), "private"));
	fake.block[0].shared = true;
	assert_null(discardable_refusal(&fake.block[0]));
	fake.block[0].readonly = true;
	assert_non_null(strstr(discardable_refusal(&fake.block[0]), "read-only"));
}

static void set_huge_pages(u64 size, bool unreserved)
{
	int i;

	for (i = 0; i < 2; i++) {
		fake.block[i].page = size;
		fake.block[i].shared = true;
		fake.block[i].fd = 5;
		fake.block[i].unreserved = unreserved;
	}
}

/* The kernel would drop the reservation, and the guest's next use could find the pool empty. */
static void huge_pages_that_are_reserved_stay(void **state)
{
	set_huge_pages(2 * MIB, false);
	refused_all("reserved");
	fake.block[1].unreserved = true;
	assert_non_null(strstr(discardable_refusal(&fake.block[0]), "reserved"));
	assert_null(discardable_guest_refusal());
}

static void pages_larger_than_any_block_stay(void **state)
{
	set_huge_pages(1024 * MIB, true);
	refused_all("larger than the guest's largest block");
	set_huge_pages(2 * MIB, true);
	assert_null(discardable_guest_refusal());
	assert_int_equal(discardable_order(), 9);
}

static void smaller_blocks_than_a_huge_page_are_not_asked_for(void **state)
{
	const struct give_back_params small = { .mode = GIVE_BACK_ALWAYS, .order = 1 };

	set_huge_pages(2 * MIB, true);
	assert_true(give_back_set(&small, &why));
	assert_int_equal(shm->give_back_request.order, 9);
	assert_int_equal(look().params.order, 9);
}

static void a_device_can_forbid_it(void **state)
{
	fake_discard.disabled = true;
	refused_all("a device forbids");
}

static void locked_memory_stays_whatever_the_series_calls_it(void **state)
{
	static const int locked = 1, unlocked;
	static const bool enabled = true, disabled;

	qemu.mlock_state = &unlocked;
	qemu.enable_mlock = &disabled;
	assert_null(discardable_guest_refusal());
	qemu.mlock_state = &locked;
	refused_all("mem-lock");
	qemu.mlock_state = NULL;
	qemu.enable_mlock = &enabled;
	refused_all("mem-lock");
}

static void memory_of_devices_and_the_region_do_not_count(void **state)
{
	fake.block[0].device = true;
	fake.block[1].device = true;
	refused_all("no memory backend");
}

RUN_TESTS(init, finish,
		GIVING_TEST(ordinary_memory_may_be_discarded),
		GIVING_TEST(shared_memory_with_and_without_a_file_may),
		GIVING_TEST(preallocated_memory_stays),
		GIVING_TEST(what_virtio_mem_preallocates_stays),
		GIVING_TEST(the_machine_is_walked_once_for_each_device),
		GIVING_TEST(what_is_known_of_a_device_goes_with_its_memory),
		GIVING_TEST(another_device_with_the_memory_is_looked_at),
		GIVING_TEST(what_is_not_mapped_is_looked_at_each_time),
		GIVING_TEST(looks_are_counted),
		GIVING_TEST(commands_are_counted),
		GIVING_TEST(a_guest_that_runs_again_is_counted),
		GIVING_TEST(a_query_is_counted),
		GIVING_TEST(files_that_are_private_or_read_only_stay),
		GIVING_TEST(huge_pages_that_are_reserved_stay),
		GIVING_TEST(pages_larger_than_any_block_stay),
		GIVING_TEST(smaller_blocks_than_a_huge_page_are_not_asked_for),
		GIVING_TEST(a_device_can_forbid_it),
		GIVING_TEST(locked_memory_stays_whatever_the_series_calls_it),
		GIVING_TEST(memory_of_devices_and_the_region_do_not_count),
)
