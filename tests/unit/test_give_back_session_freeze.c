// SPDX-License-Identifier: GPL-2.0
/*
 * A session of give-back in a guest that is about to sleep: its device was bound after the
 * notifiers were called, so its pass waits in a queue that is frozen. Who suspends the device
 * does not wait for the queue.
 */
/* links: guest-kmod/give-back/give_back_session.c guest-kmod/give-back/pace.c */
/* links: guest-kmod/give-back/free_count.c guest-kmod/give-back/first_drain.c */
/* links: guest-kmod/give-back/oom_recall.c guest-kmod/scan/free_scan.c */
/* links: guest-kmod/scan/memory_end.c tests/fakes/guest_kernel.c */
/* links: proto/guest_publish.c proto/guest_offer.c proto/host_request.c */
/* links: proto/host_offer.c proto/host_snapshot.c */
/* includes: tests/fakes/kernel */
#define COMPAT_HAS_REPORTING_ORDER
#include "tests/fakes/work_queue.h"
#include "tests/unit/region.h"

/* Each sleep is a step, in which the machine goes on. */
static void step(void);
#undef usleep_range_state
#define usleep_range_state(min, max, state)	((void)(min), (void)(max), step())

#include "guest-kmod/compat/compat.h"

/* The kernel queues a pass where everything is frozen, and nobody else is registered. */
#undef compat_page_reporting_register
#define compat_page_reporting_register(info)	((void)(info), 0)

#define timer_pending(timer)	((void)(timer), false)
#define flush_work(work)	assert_int_equal(work_busy(work), 0)
#define sg_next(sg)		((void)(sg), NULL)
#define sg_page(sg)		((sg)->page)
#define get_order(length)	ilog2((length) >> PAGE_SHIFT)
#define page_to_pfn(of)		((unsigned long)((of) - guest_kernel.pages))

#include "tests/unit/unit.h"

#include "guest-kmod/give-back/give_back_work.c"
#include "guest-kmod/give-back/idle_wait.c"
#include "guest-kmod/give-back/page_reporter.c"

#include "tests/unit/guest_session_rig.h"

/* The pass has waited for so long. */
#define SOON		10U
#define FOR_EVER	1000U

static unsigned int steps;
static bool thaws;

u32 give_back_refusal_now(void)
{
	return FREEHINT_GIVE_BACK_POSSIBLE;
}

void session_pause_clear(struct session_pause *pause, enum pause_reason reason)
{
	pause->reasons &= ~reason;
	pause->resume(pause);
}

/* The queue goes on, and the pass finds nothing; or somebody suspends the device, and waits. */
static void step(void)
{
	if (++steps == SOON && thaws)
		gb->session.reporter.info.work.queued = false;
	else if (steps == SOON)
		gb->pause.reasons |= PAUSE_DEVICE;
	if (steps > FOR_EVER)
		fail_msg("the pass is waited for, and its queue is frozen");
}

static int setup(void **state)
{
	steps = 0;
	thaws = false;
	host_asks();
	return 0;
}

static void a_pause_does_not_wait_for_a_frozen_queue(void **state)
{
	assert_true(work_queue_run(&gb->work));
	assert_false(gb->session.reporter.info.work.queued);
}

static void what_did_not_begin_has_found_nothing_out(void **state)
{
	assert_true(work_queue_run(&gb->work));
	assert_int_equal(region.shm->give_back_state.session, SESSION);
	assert_int_equal(region.shm->give_back_state.drained, 0);
	stop_session(&gb->pause);
	assert_false(gb->session.reporter.registered);
	/* The guest is awake again. */
	steps = 0;
	thaws = true;
	give_back_resume(gb);
	assert_true(work_queue_run(&gb->work));
	assert_int_equal(region.shm->give_back_state.drained, 1);
}

static void a_queue_that_thaws_is_waited_for(void **state)
{
	thaws = true;
	assert_true(work_queue_run(&gb->work));
	assert_int_equal(steps, SOON);
	assert_int_equal(region.shm->give_back_state.drained, 1);
}

RUN_TESTS(NULL, NULL,
	  TEST(a_pause_does_not_wait_for_a_frozen_queue),
	  TEST(what_did_not_begin_has_found_nothing_out),
	  TEST(a_queue_that_thaws_is_waited_for),
)
