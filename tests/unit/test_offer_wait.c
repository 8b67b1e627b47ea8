// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's end of an offer on a device that stops decoding memory between any two loads and
 * stores: an offer that can be copied has its own blocks, and they are the guest's again only
 * when the host cannot take the offer any more.
 */
/* links: guest-kmod/give-back/offer_wait.c proto/guest_publish.c proto/host_request.c */
/* links: proto/host_snapshot.c proto/host_offer.c */
/* includes: tests/fakes/kernel */
#include "proto/shm_order.h"
#include "tests/unit/region.h"

static void step(void);
static bool is_dark(void);

/**
 * struct course - what happens in one offer, in steps
 * @dark:  first one in which the device decodes no memory
 * @light: first one in which it does again
 * @reads: what a load gives meanwhile
 * @take:  the host takes the offer, which an agent has copied, if it stands
 * @hold:  steps until the host answers
 * @other: the host has another instance from then on
 */
struct course {
	unsigned int dark;
	unsigned int light;
	u64 reads;
	unsigned int take;
	unsigned int hold;
	unsigned int other;
};

static struct course course;

/* Each load and store of the guest's code is a step, in which decoding and host go on. */
#undef shm_load
#undef shm_store
#undef shm_load_acquire
#undef shm_store_release
#define shm_load(p) ({							\
	step();								\
	is_dark() ? (typeof(*(p)))course.reads : __atomic_load_n(p, __ATOMIC_SEQ_CST); \
})
#define shm_load_acquire(p)	shm_load(p)
#define shm_store(p, v) ({						\
	step();								\
	if (!is_dark())							\
		__atomic_store_n(p, v, __ATOMIC_SEQ_CST);		\
})
#define shm_store_release(p, v)	shm_store(p, v)

#include "proto/guest_offer.c"

#include "guest-kmod/give-back/idle_wait.h"
#include "guest-kmod/give-back/offer_wait.h"
#include "proto/host_offer.h"
#include "tests/fakes/oom_killer.h"
#include "tests/fakes/pci_device.h"
#include "tests/unit/unit.h"

#define SESSION		0x3333444455556666ULL
#define OFFER		0x2b5c7d1100000000ULL
#define NEVER		1000000U
/* Steps until the guest wants its blocks back. */
#define PATIENCE	30
/* More than the steps of an offer that nobody takes. */
#define STEPS		48
#define MAX_BLOCKS	3

struct pci_dev pci_device;
unsigned long jiffies;

static struct region region;
static struct freehint_shm *shm;
static struct offer_wait guest;
static struct freehint_reader reader;

static unsigned int now;
static u64 sequence;
static bool copied;
static bool holding;

static bool is_dark(void)
{
	return now >= course.dark && now < course.light;
}

static unsigned int blocks_of(u64 offer)
{
	return 1 + offer % MAX_BLOCKS;
}

static u64 block_of(u64 offer, unsigned int i)
{
	return freehint_block((offer % 1024 * MAX_BLOCKS + i) << 9, 9);
}

/* An agent copies what it finds. */
static void copy_offer(void)
{
	struct freehint_offer offer;
	unsigned int i;

	if (freehint_copy_offer(&reader, &offer))
		return;
	copied |= offer.sequence == sequence;
	if (offer.count != blocks_of(offer.sequence))
		fail_msg("dark from step %u to %u: the count of another offer",
			 course.dark, course.light);
	for (i = 0; i < offer.count; i++)
		if (offer.block[i] != block_of(offer.sequence, i))
			fail_msg("dark (%llx) from step %u to %u: block %u of another offer",
				 (unsigned long long)course.reads, course.dark,
				 course.light, i);
}

static void step(void)
{
	now++;
	copy_offer();
	if (now >= course.other)
		shm->host_hello.instance = REGION_INSTANCE + 1;
	if (holding && now >= course.take + course.hold) {
		freehint_answer_offer(shm, sequence, FREEHINT_ANSWER_DONE);
		holding = false;
	}
	if (now == course.take && copied)
		holding = !freehint_take_offer(shm, sequence);
}

void idle_wait(unsigned int looks, unsigned int many)
{
	jiffies += HZ / 8;
	step();
}

static bool may_continue(void *data)
{
	return freehint_give_back_is_current(&guest.pub, &guest.asked) && now < PATIENCE;
}

static int setup(void **state)
{
	course = (struct course){ .dark = NEVER, .take = NEVER, .other = NEVER };
	region = region_make(FREEHINT_MIN_REGION);
	shm = region.shm;
	freehint_write_give_back_request(shm, SESSION, 9, 0);
	pci_device = (struct pci_dev){ .error_state = pci_channel_io_normal };
	guest = (struct offer_wait){
		.dev = &pci_device.dev,
		.sequence = OFFER,
		.may_continue = may_continue,
	};
	assert_int_equal(freehint_publisher_attach(&guest.pub, region.base, region.size), 0);
	assert_int_equal(freehint_reader_attach(&reader, region.base, region.size), 0);
	assert_true(freehint_read_give_back_request(&guest.pub, &guest.asked));
	assert_int_equal(guest.asked.session, SESSION);
	return 0;
}

static int teardown(void **state)
{
	region_drop(&region);
	return 0;
}

/* Return: the guest's answer. The blocks are in its allocator from here on. */
static enum freehint_answer offer_in(const struct course *steps)
{
	u64 block[MAX_BLOCKS];
	unsigned int i;

	course = *steps;
	now = 0;
	copied = false;
	holding = false;
	sequence = guest.sequence;
	for (i = 0; i < blocks_of(sequence); i++)
		block[i] = block_of(sequence, i);
	return offer_wait(&guest, block, blocks_of(sequence));
}

static void assert_over(const struct course *steps)
{
	if (holding || !freehint_take_offer(shm, sequence))
		fail_msg("dark (%llx) from step %u to %u, taken in %u for %u: the host %s a block that is in use",
			 (unsigned long long)steps->reads, steps->dark, steps->light,
			 steps->take, steps->hold,
			 holding ? "discards" : "can take");
}

/* Dark for a step or more, whatever the host does. */
static void go_dark(u64 reads)
{
	static const unsigned int holds[] = { 1, 2, 3, 5, 8, 13, 40 };
	struct course steps = { .reads = reads, .other = NEVER };
	unsigned int i, j;

	for (steps.dark = 0; steps.dark < STEPS; steps.dark++)
		for (steps.take = 0; steps.take < STEPS; steps.take++)
			for (i = 1; i < STEPS; i += 1 + i / 8)
				for (j = 0; j < sizeof(holds) / sizeof(holds[0]); j++) {
					steps.light = steps.dark + i;
					steps.hold = holds[j];
					offer_in(&steps);
					assert_over(&steps);
				}
}

static void a_device_may_read_all_ones_at_any_step(void **state)
{
	go_dark(FREEHINT_ALL_ONES);
}

static void a_device_may_read_zeros_at_any_step(void **state)
{
	go_dark(0);
}

static void a_dark_device_is_no_other_host(void **state)
{
	struct course steps = {
		.dark = 18, .light = 5000, .take = 16, .hold = 6000, .other = NEVER,
	};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		steps.reads = i ? FREEHINT_ALL_ONES : 0;
		pci_device.dev.lines = 0;
		assert_int_equal(offer_in(&steps), FREEHINT_ANSWER_DONE);
		assert_over(&steps);
		assert_true(now >= steps.take + steps.hold);
		assert_int_equal(pci_device.dev.lines, 1);
	}
}

static void a_host_that_does_not_answer_is_to_be_looked_at(void **state)
{
	const struct course steps = {
		.dark = NEVER, .light = NEVER, .take = 16, .hold = 6000, .other = NEVER,
	};

	assert_int_equal(offer_in(&steps), FREEHINT_ANSWER_DONE);
	assert_int_equal(pci_device.dev.lines, 1);
	assert_non_null(strstr(pci_device.dev.said, "x-query-freehint"));
}

static void another_host_ends_the_wait(void **state)
{
	const struct course steps = {
		.dark = NEVER, .light = NEVER, .take = 16, .hold = NEVER, .other = 500,
	};

	assert_int_equal(offer_in(&steps), FREEHINT_ANSWER_NONE);
	assert_in_range(now, 500, 510);
}

static void a_device_that_was_unplugged_is_given_up(void **state)
{
	const struct course steps = {
		.dark = 18, .light = NEVER, .take = 16, .hold = 20, .other = NEVER,
	};
	unsigned long start = jiffies;

	pci_device.error_state = pci_channel_io_perm_failure;
	assert_int_equal(offer_in(&steps), FREEHINT_ANSWER_NONE);
	assert_in_range(jiffies - start, 10 * HZ, 13 * HZ);
	assert_int_equal(pci_device.dev.lines, 0);
}

static void a_device_that_answers_is_waited_for_whatever_its_state(void **state)
{
	const struct course steps = {
		.dark = NEVER, .light = NEVER, .take = 16, .hold = 6000, .other = NEVER,
	};

	pci_device.error_state = pci_channel_io_perm_failure;
	assert_int_equal(offer_in(&steps), FREEHINT_ANSWER_DONE);
	assert_over(&steps);
}

static void another_writer_does_not_hold_the_guest(void **state)
{
	u64 block[MAX_BLOCKS];
	unsigned int i;

	for (i = 0; i < blocks_of(OFFER); i++)
		block[i] = block_of(OFFER, i);
	assert_true(freehint_publish_offer(&guest.pub, OFFER, SESSION, block, i));
	/* Two guests that run with one region: the other offers as much. */
	shm->offer.sequence = OFFER + MAX_BLOCKS * 1024;
	assert_int_equal(freehint_withdraw_offer(&guest.pub, OFFER), FREEHINT_ANSWER_NONE);
}

RUN_TESTS(NULL, NULL,
	  TEST(a_device_may_read_all_ones_at_any_step),
	  TEST(a_device_may_read_zeros_at_any_step),
	  TEST(a_dark_device_is_no_other_host),
	  TEST(a_host_that_does_not_answer_is_to_be_looked_at),
	  TEST(another_host_ends_the_wait),
	  TEST(a_device_that_was_unplugged_is_given_up),
	  TEST(a_device_that_answers_is_waited_for_whatever_its_state),
	  TEST(another_writer_does_not_hold_the_guest),
)
