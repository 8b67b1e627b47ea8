/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session of give-back that has begun, for tests that include
 * guest-kmod/give-back/give_back_work.c before this; what is written to the host's region, and
 * pieces of the module that have nothing to do.
 */
#ifndef FREEHINT_TEST_GUEST_SESSION_RIG_H
#define FREEHINT_TEST_GUEST_SESSION_RIG_H

#include "guest-kmod/core/guest_stats.h"
#include "proto/host_offer.h"
#include "tests/unit/region.h"
#include "tests/unit/unit.h"

#define SESSION		0x3333444455556666ULL
#define ORDER		9

unsigned long jiffies;
struct oom_killer oom_killer;

static struct region region;
static struct freehint_publisher thread;
static struct guest_stats stats;
static struct device device;
static struct give_back *gb;
/* The host's to every offer. */
static enum freehint_answer answer;

void give_back_failure_note(struct give_back_failure *failure, const struct device *dev, int error)
{
}

u32 give_back_failure_now(const struct give_back_failure *failure)
{
	return FREEHINT_GIVE_BACK_POSSIBLE;
}

void session_pause_start(struct session_pause *pause)
{
	pause->reasons = 0;
}

void session_pause_stop(struct session_pause *pause)
{
	pause->reasons |= PAUSE_HALTED;
	pause->stop(pause);
}

void session_pause_set(struct session_pause *pause, enum pause_reason reason)
{
}

enum freehint_answer offer_wait(struct offer_wait *wait, const u64 *block, unsigned int count)
{
	return answer;
}

/* The host asks, and the thread has seen it: the work item is queued. */
static void host_asks(void)
{
	answer = FREEHINT_ANSWER_NONE;
	guest_kernel_init(1024);
	region = region_make(FREEHINT_MIN_REGION);
	freehint_write_give_back_request(region.shm, SESSION, ORDER, 0);
	assert_int_equal(freehint_publisher_attach(&thread, region.base, region.size), 0);
	gb = give_back_create(&device, region.base, region.size, &stats);
	assert_true(give_back_poll(gb, &thread));
}

static int teardown(void **state)
{
	give_back_halt(gb);
	give_back_destroy(gb);
	region_drop(&region);
	guest_kernel_exit();
	return 0;
}

#endif /* FREEHINT_TEST_GUEST_SESSION_RIG_H */
