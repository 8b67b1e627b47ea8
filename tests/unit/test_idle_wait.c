// SPDX-License-Identifier: GPL-2.0
/*
 * How often a guest wakes up while it waits for the host: often for one that answers, and seldom
 * for one that asks for memory and takes nothing, since such a guest may be idle.
 */
/* links: proto/guest_publish.c proto/guest_offer.c proto/host_request.c proto/host_offer.c */
/* links: proto/host_snapshot.c */
/* includes: tests/fakes/kernel */
#define COMPAT_HAS_REPORTING_ORDER
#include "tests/fakes/work_queue.h"
#include "tests/fakes/pci_device.h"
#include "tests/unit/region.h"

/* Each sleep takes as little as it may. */
static void wake_up(unsigned long us);
#undef usleep_range_state
#define usleep_range_state(min, max, state)	((void)(max), wake_up(min))

#include "guest-kmod/compat/compat.h"

#define timer_pending(timer)	((void)(timer), false)
#define flush_work(work)	assert_int_equal(work_busy(work), 0)

#include "proto/host_offer.h"
#include "tests/unit/unit.h"

#include "guest-kmod/give-back/session_pause.h"
#include "guest-kmod/give-back/idle_wait.c"
#include "guest-kmod/give-back/offer_wait.c"

#define SESSION		0x3333444455556666ULL
#define OFFER		0x2b5c7d1100000000ULL
#define BLOCK		freehint_block(512, 9)
#define SECOND_US	1000000UL
/* The longest pause after an offer that was not taken. */
#define PAUSE_S		60U
/* As often the guest's thread wakes up while the host asks for memory. */
#define IDLE_WAKES	10U

struct pci_dev pci_device;
unsigned long jiffies;

static struct region region;
static struct freehint_reader reader;
static struct offer_wait guest;
static struct delayed_work pass;
static const struct session_pause none;

static unsigned long now_us;
static unsigned int wakes;
/* When the pass ends; when the host takes the offer, and when it answers. */
static unsigned long pass_us, take_us, answer_us;

static void host_goes_on(void)
{
	struct freehint_offer offer;

	if (freehint_copy_offer(&reader, &offer))
		return;
	if (now_us >= take_us)
		freehint_take_offer(region.shm, OFFER);
	if (now_us >= answer_us)
		freehint_answer_offer(region.shm, OFFER, FREEHINT_ANSWER_DONE);
}

static void wake_up(unsigned long us)
{
	wakes++;
	now_us += us;
	jiffies = now_us / (SECOND_US / HZ);
	host_goes_on();
	if (now_us >= pass_us)
		pass.queued = false;
}

static bool may_stand(void *data)
{
	return true;
}

static int setup(void **state)
{
	region = region_make(FREEHINT_MIN_REGION);
	freehint_write_give_back_request(region.shm, SESSION, 9, 0);
	guest = (struct offer_wait){
		.dev = &pci_device.dev,
		.sequence = OFFER,
		.may_continue = may_stand,
	};
	assert_int_equal(freehint_publisher_attach(&guest.pub, region.base, region.size), 0);
	assert_int_equal(freehint_reader_attach(&reader, region.base, region.size), 0);
	assert_true(freehint_read_give_back_request(&guest.pub, &guest.asked));
	now_us = 0;
	wakes = 0;
	take_us = ULONG_MAX;
	answer_us = ULONG_MAX;
	return 0;
}

static int teardown(void **state)
{
	region_drop(&region);
	return 0;
}

static enum freehint_answer offer(void)
{
	const u64 block = BLOCK;

	return offer_wait(&guest, &block, 1);
}

static void wait_for_pass(unsigned long us)
{
	pass_us = now_us + us;
	pass.queued = true;
	idle_flush_delayed_work(&pass, &none);
}

/* The agent is dead. The work item waits for the pass, and the pass for the host. */
static void a_host_that_takes_nothing_wakes_nobody_often(void **state)
{
	assert_int_equal(offer(), FREEHINT_ANSWER_NONE);
	assert_true(now_us >= SECOND_US);
	wait_for_pass(now_us);
	assert_in_range(wakes, 0, PAUSE_S * IDLE_WAKES);
}

static void a_host_that_answers_is_not_kept_waiting(void **state)
{
	take_us = 300;
	answer_us = 800;
	assert_int_equal(offer(), FREEHINT_ANSWER_DONE);
	assert_in_range(now_us, 800, 900);
}

/* A host that had looked for offers seldom is as fast as any other once it has one. */
static void a_host_that_takes_an_offer_late_is_not_kept_waiting(void **state)
{
	take_us = 100000;
	answer_us = 130000;
	assert_int_equal(offer(), FREEHINT_ANSWER_DONE);
	assert_in_range(now_us, 130000, 131000);
}

static void the_end_of_a_pass_is_seen_soon(void **state)
{
	wait_for_pass(2000);
	assert_in_range(now_us, 2000, 2100);
	now_us = 0;
	wait_for_pass(20000);
	assert_in_range(now_us, 20000, 21000);
	now_us = 0;
	wait_for_pass(400000);
	assert_in_range(now_us, 400000, 420000);
}

RUN_TESTS(NULL, NULL,
	  TEST(a_host_that_takes_nothing_wakes_nobody_often),
	  TEST(a_host_that_answers_is_not_kept_waiting),
	  TEST(a_host_that_takes_an_offer_late_is_not_kept_waiting),
	  TEST(the_end_of_a_pass_is_seen_soon),
)
