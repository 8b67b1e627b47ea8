// SPDX-License-Identifier: GPL-2.0
/*
 * What the host reads in the guest's hello when a fact changes: in every phase, and without
 * an end of the round that it reads.
 */
/* links: guest-kmod/round/guest_hello.c proto/guest_publish.c proto/host_request.c */
/* links: proto/guest_offer.c proto/host_snapshot.c */
/* includes: tests/fakes/kernel */
#include "tests/fakes/guest_device.h"
#include "guest-kmod/give-back/give_back_work.h"
#include "guest-kmod/core/guest_contract.h"
#include "guest-kmod/round/guest_hello.h"
#include "guest-kmod/scan/memory_end.h"
#include "region.h"
#include "tests/unit/unit.h"

#define SIZE	16384ULL
#define PAGES	4096ULL
#define ROUND	77ULL

static struct region region;
static struct freehint_shm light;
static struct device device;
static struct freehint_publisher pub;
static struct freehint_reader reader;
static struct guest_hello hello;

/* The facts. */
static u64 end_pfn;
static u32 give_back;
static struct guest_contract contract;

unsigned long memory_end(void)
{
	return end_pfn;
}

u32 give_back_status(const struct give_back *gb)
{
	return give_back;
}

struct guest_contract guest_contract_now(void)
{
	return contract;
}

const char *guest_contract_reason(u16 refusal)
{
	return "a reason";
}

/* What round_worker.c does with the hello in a poll. */
static void poll_region(void)
{
	struct freehint_request req;

	assert_true(freehint_read_request(&pub, &req));
	if (guest_hello_is_due(&hello, &req))
		assert_int_equal(guest_hello_publish(&hello, &pub, &req), 0);
	else
		guest_hello_refresh(&hello, &pub);
}

static struct freehint_guest_hello read_hello(void)
{
	struct freehint_guest_hello seen;

	poll_region();
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &seen), 0);
	return seen;
}

static int setup(void **state)
{
	region = region_make(SIZE);
	end_pfn = PAGES;
	give_back = FREEHINT_GIVE_BACK_POSSIBLE;
	contract = (struct guest_contract){ .contract = FREEHINT_CONTRACT_DEAD };
	device.lines = 0;
	assert_int_equal(freehint_publisher_attach(&pub, region.base, SIZE), 0);
	assert_int_equal(freehint_reader_attach(&reader, region.base, SIZE), 0);
	guest_hello_init(&hello, &device, region.base, SIZE, NULL);
	poll_region();
	return 0;
}

static int teardown(void **state)
{
	region_drop(&region);
	return 0;
}

static void another_driver_comes_and_goes_in_every_phase(void **state)
{
	u32 phase;

	for (phase = FREEHINT_PHASE_OFF; phase <= FREEHINT_PHASE_ROUND; phase++) {
		freehint_write_request(region.shm, phase == FREEHINT_PHASE_ROUND ? ROUND : 0,
				       phase, phase == FREEHINT_PHASE_ROUND);
		give_back = FREEHINT_GIVE_BACK_BUSY;
		assert_int_equal(read_hello().give_back, FREEHINT_GIVE_BACK_BUSY);
		give_back = FREEHINT_GIVE_BACK_POSSIBLE;
		assert_int_equal(read_hello().give_back, FREEHINT_GIVE_BACK_POSSIBLE);
	}
}

static void memory_that_is_added_is_told_of_in_every_phase(void **state)
{
	u32 phase;

	for (phase = FREEHINT_PHASE_OFF; phase <= FREEHINT_PHASE_ROUND; phase++) {
		freehint_write_request(region.shm, phase == FREEHINT_PHASE_ROUND ? ROUND : 0,
				       phase, phase == FREEHINT_PHASE_ROUND);
		device.lines = 0;
		end_pfn += PAGES;
		assert_int_equal(read_hello().end_pfn, end_pfn);
		assert_int_equal(device.lines, 1);
	}
	end_pfn = pub.capacity + 1;
	device.lines = 0;
	poll_region();
	assert_int_equal(device.lines, 2);
}

static void a_change_does_not_end_the_round(void **state)
{
	const u64 words[] = { 0xff };
	u64 mark;

	freehint_write_request(region.shm, ROUND, FREEHINT_PHASE_ROUND, 1);
	freehint_open_round(&pub, ROUND);
	freehint_put_words(&pub, words, 1);
	freehint_advance(&pub);
	give_back = FREEHINT_GIVE_BACK_ADMIN;
	end_pfn += PAGES;
	poll_region();
	assert_int_equal(freehint_read_progress(&reader, ROUND, &mark), 0);
	assert_int_equal(mark, 64);
	assert_int_equal(pub.round, ROUND);
}

static void a_changed_contract_ends_the_round(void **state)
{
	u64 mark;

	freehint_write_request(region.shm, ROUND, FREEHINT_PHASE_ROUND, 1);
	freehint_open_round(&pub, ROUND);
	contract.contract = FREEHINT_CONTRACT_REFUSED;
	contract.refusal = FREEHINT_REFUSAL_ADMIN;
	assert_int_equal(read_hello().contract, FREEHINT_CONTRACT_REFUSED);
	assert_int_not_equal(freehint_read_progress(&reader, ROUND, &mark), 0);
}

static void a_hello_without_news_is_not_written(void **state)
{
	struct freehint_guest_hello before = region.shm->guest_hello;

	region.shm->guest_hello.give_back = 0;
	region.shm->guest_hello.end_pfn = 0;
	device.lines = 0;
	poll_region();
	assert_int_equal(region.shm->guest_hello.give_back, 0);
	assert_int_equal(region.shm->guest_hello.end_pfn, 0);
	assert_int_equal(region.shm->guest_hello.instance, before.instance);
	assert_int_equal(device.lines, 0);
}

/* An offer stands: of ours for the host that knows us, of an earlier guest for another one. */
static void an_offer_is_cleared_for_another_host_alone(void **state)
{
	const u64 sequence = 4711;

	region.shm->offer.sequence = sequence;
	contract.contract = FREEHINT_CONTRACT_REFUSED;
	poll_region();
	assert_int_equal(region.shm->offer.sequence, sequence);
	guest_hello_withdraw(&hello, &pub);
	poll_region();
	assert_int_equal(region.shm->guest_hello.instance, REGION_INSTANCE);
	assert_int_equal(region.shm->offer.sequence, sequence);
	assert_int_equal(freehint_write_host_hello(region.shm, SIZE, REGION_INSTANCE + 1), 0);
	poll_region();
	assert_int_equal(region.shm->guest_hello.instance, REGION_INSTANCE + 1);
	assert_int_equal(region.shm->offer.sequence, FREEHINT_NO_OFFER);
}

static void a_host_that_knows_no_give_back_gets_no_status(void **state)
{
	region.shm->guest_hello.give_back = 0;
	pub.version = FREEHINT_VERSION_GIVE_BACK - 1;
	give_back = FREEHINT_GIVE_BACK_BUSY;
	poll_region();
	assert_int_equal(region.shm->guest_hello.give_back, 0);
}

static void be_dark(int reads)
{
	light = *region.shm;
	memset(region.shm, reads, sizeof(light));
}

static void be_light(void)
{
	*region.shm = light;
}

static void fail_to_publish(u64 instance)
{
	const struct freehint_request req = { .instance = instance };

	assert_int_equal(guest_hello_publish(&hello, &pub, &req), -ENODEV);
}

/* The advice is for the guest, where the device was switched off. QEMU's reads as zeros. */
static void a_device_that_decodes_no_memory_is_no_host_without_the_extension(void **state)
{
	be_dark(0xff);
	fail_to_publish(FREEHINT_ALL_ONES);
	assert_non_null(strstr(device.said, "decodes no memory"));
	be_light();
	region.shm->host_hello.magic = 0;
	fail_to_publish(REGION_INSTANCE);
	assert_non_null(strstr(device.said, "runs the freehint extension"));
}

static void a_device_that_decodes_no_memory_is_told_of_once(void **state)
{
	unsigned int i;

	device.lines = 0;
	be_dark(0);
	for (i = 1; i <= 2; i++) {
		fail_to_publish(0);
		fail_to_publish(0);
		assert_int_equal(device.lines, i);
		assert_non_null(strstr(device.said, "decodes no memory"));
		be_light();
		poll_region();
		assert_int_equal(device.lines, i + 1);
		device.lines = i;
		be_dark(0);
	}
}

/* Nobody polls any more once the module goes, or the guest sleeps. */
static void a_hello_that_was_dark_at_the_last_poll_is_withdrawn(void **state)
{
	be_dark(0);
	fail_to_publish(0);
	be_light();
	assert_int_equal(region.shm->guest_hello.instance, REGION_INSTANCE);
	guest_hello_withdraw(&hello, &pub);
	assert_int_equal(region.shm->guest_hello.instance, 0);
}

/* The region of another host, and of another program, is none of our business. */
static void what_another_host_shows_is_left_alone(void **state)
{
	be_dark(0);
	fail_to_publish(0);
	be_light();
	assert_int_equal(freehint_write_host_hello(region.shm, SIZE, REGION_INSTANCE + 1), 0);
	guest_hello_withdraw(&hello, &pub);
	assert_int_equal(region.shm->guest_hello.instance, REGION_INSTANCE);
	*region.shm = light;
	region.shm->host_hello.magic = 0;
	guest_hello_withdraw(&hello, &pub);
	assert_int_equal(region.shm->guest_hello.instance, REGION_INSTANCE);
}

RUN_TESTS(NULL, NULL,
	  TEST(another_driver_comes_and_goes_in_every_phase),
	  TEST(memory_that_is_added_is_told_of_in_every_phase),
	  TEST(a_change_does_not_end_the_round),
	  TEST(a_changed_contract_ends_the_round),
	  TEST(a_hello_without_news_is_not_written),
	  TEST(an_offer_is_cleared_for_another_host_alone),
	  TEST(a_host_that_knows_no_give_back_gets_no_status),
	  TEST(a_device_that_decodes_no_memory_is_no_host_without_the_extension),
	  TEST(a_device_that_decodes_no_memory_is_told_of_once),
	  TEST(a_hello_that_was_dark_at_the_last_poll_is_withdrawn),
	  TEST(what_another_host_shows_is_left_alone),
)
