// SPDX-License-Identifier: GPL-2.0
/*
 * A session of give-back on a device that decodes no memory for a moment, or in a guest that
 * refuses for a moment: the host's session goes on, whether the polling thread has seen the
 * moment or not.
 */
/* links: guest-kmod/give-back/give_back_session.c guest-kmod/give-back/pace.c */
/* links: guest-kmod/give-back/free_count.c guest-kmod/give-back/first_drain.c */
/* links: guest-kmod/scan/free_scan.c guest-kmod/scan/memory_end.c tests/fakes/guest_kernel.c */
/* links: proto/guest_publish.c proto/guest_offer.c proto/host_request.c */
/* links: proto/host_offer.c proto/host_snapshot.c */
/* includes: tests/fakes/kernel */
#include "tests/fakes/work_queue.h"
#include "tests/unit/region.h"

#include "guest-kmod/give-back/give_back_work.c"

#include "tests/unit/guest_session_rig.h"
#include "tests/unit/page_reporter_rig.h"

static struct freehint_shm light;
static u32 refusal;

u32 give_back_refusal_now(void)
{
	return refusal;
}

int page_reporter_register(struct page_reporter *reporter, unsigned int order)
{
	reporter->registered = true;
	reporter->order = order;
	return 0;
}

void page_reporter_expected(struct page_reporter *reporter, u64 pages)
{
}

unsigned int page_reporter_handed(struct page_reporter *reporter)
{
	return 0;
}

bool page_reporter_pass(struct page_reporter *reporter)
{
	return false;
}

static int setup(void **state)
{
	refusal = FREEHINT_GIVE_BACK_POSSIBLE;
	host_asks();
	assert_true(work_queue_run(&gb->work));
	assert_true(gb->session.reporter.registered);
	/* What was freed later starts the work item again. */
	find_more(&gb->session.reporter);
	return 0;
}

static void go_dark(int reads)
{
	light = *region.shm;
	memset(region.shm, reads, sizeof(light));
}

static void go_light(void)
{
	*region.shm = light;
}

/* The work item runs in the dark, and the thread does not. */
static void be_dark_for_a_moment(int reads)
{
	go_dark(reads);
	assert_true(work_queue_run(&gb->work));
	assert_false(gb->session.reporter.registered);
	go_light();
}

static void assert_goes_on(void)
{
	assert_true(give_back_poll(gb, &thread));
	assert_true(work_queue_run(&gb->work));
	assert_true(gb->session.reporter.registered);
}

static void a_moment_of_zeros_ends_no_session(void **state)
{
	be_dark_for_a_moment(0);
	assert_goes_on();
}

static void a_moment_of_ones_ends_no_session(void **state)
{
	be_dark_for_a_moment(0xff);
	assert_goes_on();
}

static void a_moment_that_the_thread_has_seen_ends_no_session(void **state)
{
	go_dark(0);
	assert_true(work_queue_run(&gb->work));
	assert_false(give_back_poll(gb, NULL));
	assert_true(work_queue_run(&gb->work));
	go_light();
	assert_goes_on();
}

static void a_moment_of_refusal_ends_no_session(void **state)
{
	refusal = FREEHINT_GIVE_BACK_ADMIN;
	assert_true(work_queue_run(&gb->work));
	assert_false(gb->session.reporter.registered);
	refusal = FREEHINT_GIVE_BACK_POSSIBLE;
	assert_goes_on();
}

static void a_refusal_that_lasts_is_not_looked_at_for_ever(void **state)
{
	refusal = FREEHINT_GIVE_BACK_ADMIN;
	assert_true(work_queue_run(&gb->work));
	assert_false(give_back_poll(gb, &thread));
	assert_true(work_queue_run(&gb->work));
	assert_false(work_queue_run(&gb->work));
	refusal = FREEHINT_GIVE_BACK_POSSIBLE;
	assert_goes_on();
}

static void nothing_is_tried_again_when_the_session_has_ended(void **state)
{
	freehint_write_give_back_request(region.shm, FREEHINT_NO_SESSION, 0, 0);
	assert_false(give_back_poll(gb, &thread));
	assert_true(work_queue_run(&gb->work));
	assert_false(gb->session.reporter.registered);
	assert_false(work_queue_run(&gb->work));
}

RUN_TESTS(NULL, NULL,
	  TEST(a_moment_of_zeros_ends_no_session),
	  TEST(a_moment_of_ones_ends_no_session),
	  TEST(a_moment_that_the_thread_has_seen_ends_no_session),
	  TEST(a_moment_of_refusal_ends_no_session),
	  TEST(a_refusal_that_lasts_is_not_looked_at_for_ever),
	  TEST(nothing_is_tried_again_when_the_session_has_ended),
)
