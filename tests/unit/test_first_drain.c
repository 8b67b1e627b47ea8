// SPDX-License-Identifier: GPL-2.0
/*
 * The first drain of a session ends in every guest, also in one that frees memory all the time;
 * and it takes all from one that does not.
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

#define PAGES_OF_BLOCK	(1ULL << ORDER)
#define BATCH		32U
/* Blocks that are free when the session begins: some batches, and not a whole one. */
#define BLOCKS		(20 * BATCH + 5)
/* Passes that a guest which frees nothing takes, and some more. */
#define PASSES		60U

static unsigned int unreported, passes, counts;
/* Pages that the last pass should have found. */
static u64 expected;
/* Blocks that the guest frees before each pass. */
static unsigned int freed;
/* Blocks of a batch; and the pass that ends early in each list. */
static unsigned int batch, early;
/* So many passes hand over as many reported blocks anew, for they have merged. */
static unsigned int merging;
/* The device decodes no memory in each pass after its first batch. */
static bool dark;
/* The host's session ends in the first pass, or before. */
static bool ends_in_pass, ends;

u32 give_back_refusal_now(void)
{
	return FREEHINT_GIVE_BACK_POSSIBLE;
}

int page_reporter_register(struct page_reporter *reporter, unsigned int order)
{
	if (ends)
		freehint_write_give_back_request(region.shm, FREEHINT_NO_SESSION, 0, 0);
	reporter->registered = true;
	reporter->order = order;
	return 0;
}

void page_reporter_expected(struct page_reporter *reporter, u64 pages)
{
	expected += pages;
}

static unsigned int handed;

unsigned int page_reporter_handed(struct page_reporter *reporter)
{
	return handed;
}

/* What is given is marked in the kernel's memory, if it is there. */
static void mark_reported(unsigned int blocks)
{
	unsigned long pfn = (unreported - blocks) * PAGES_OF_BLOCK;

	for (; blocks && pfn < guest_kernel.count; blocks--, pfn += PAGES_OF_BLOCK)
		guest_kernel.pages[pfn].flags |= PAGE_REPORTED;
}

/* As the kernel does: two batches, of which the second may be short, and what was freed. */
bool page_reporter_pass(struct page_reporter *reporter)
{
	unsigned int batches, limit = passes + 1 == early ? 1 : batch;
	u64 size = PAGES_OF_BLOCK << (passes < merging);

	passes++;
	handed = 0;
	unreported += freed;
	for (batches = 0; batches < 2 && unreported; batches++) {
		unsigned int count = min(unreported, limit);

		handed += count;
		if (dark && batches)
			freehint_write_give_back_request(region.shm, FREEHINT_NO_SESSION, 0, 0);
		if (reporter->offer(reporter, count, count * size))
			break;
		mark_reported(count);
		unreported -= count;
		if (ends_in_pass)
			freehint_write_give_back_request(region.shm, FREEHINT_NO_SESSION, 0, 0);
	}
	if (dark)
		freehint_write_give_back_request(region.shm, SESSION, ORDER, 0);
	return false;
}

static int setup(void **state)
{
	unreported = BLOCKS;
	passes = 0;
	counts = 0;
	expected = 0;
	freed = 0;
	batch = BATCH;
	early = 0;
	merging = 0;
	dark = false;
	ends_in_pass = false;
	ends = false;
	host_asks();
	answer = FREEHINT_ANSWER_DONE;
	guest_kernel.free_pages = BLOCKS * PAGES_OF_BLOCK;
	return 0;
}

/* The work item runs at once, again and again, until it waits. */
static void drain(void)
{
	while (work_queue_run(&gb->work) && gb->work.queued && !gb->work.delay)
		if (passes > PASSES)
			fail_msg("%u passes, and the guest is not drained", passes);
	assert_int_equal(region.shm->give_back_state.session, SESSION);
	assert_int_equal(region.shm->give_back_state.drained, 1);
}

static void a_guest_that_frees_nothing_gives_all(void **state)
{
	drain();
	assert_int_equal(unreported, 0);
	assert_int_equal(region.shm->give_back_state.pages, BLOCKS * PAGES_OF_BLOCK);
}

static void a_guest_that_frees_a_block_before_each_pass_is_drained(void **state)
{
	freed = 1;
	drain();
	assert_true(region.shm->give_back_state.pages >= BLOCKS * PAGES_OF_BLOCK);
	/* What it frees from here on has to stay free for a while. */
	assert_true(gb->work.queued);
	assert_int_equal(gb->work.delay, PACE_LOOK);
	passes = 0;
	assert_true(work_queue_run(&gb->work));
	assert_int_equal(passes, 0);
}

/* It gives as much as was free, and goes on as one that was drained. */
static void drain_one_that_frees(unsigned int blocks)
{
	freed = blocks;
	drain();
	assert_in_range(region.shm->give_back_state.pages, BLOCKS * PAGES_OF_BLOCK,
			(BLOCKS + 2 * BATCH) * PAGES_OF_BLOCK);
	assert_int_equal(gb->work.delay, PACE_LOOK);
}

static void a_guest_that_frees_a_batch_before_each_pass_is_drained(void **state)
{
	drain_one_that_frees(BATCH);
}

static void a_guest_that_frees_faster_than_it_gives_is_drained(void **state)
{
	drain_one_that_frees(8 * BATCH);
}

static void a_session_that_ends_in_a_pass_is_not_drained(void **state)
{
	unreported = BATCH - 1;
	ends_in_pass = true;
	assert_true(work_queue_run(&gb->work));
	assert_int_equal(region.shm->give_back_state.pages, (BATCH - 1) * PAGES_OF_BLOCK);
	assert_int_equal(region.shm->give_back_state.drained, 0);
}

/* A session that goes on has found out nothing, as often as this happens. */
static void a_device_that_is_dark_in_passes_drains_nobody(void **state)
{
	batch = 4;
	dark = true;
	while (passes < 5) {
		assert_true(work_queue_run(&gb->work));
		assert_int_equal(gb->session.state.drained, 0);
		assert_int_equal(gb->work.delay, 0);
	}
	assert_int_equal(gb->session.state.pages, 5 * batch * PAGES_OF_BLOCK);
	batch = BATCH;
	dark = false;
	drain();
	assert_int_equal(unreported, 0);
}

/* A zone that is at its min watermark for a moment. */
static void lists_that_end_early_once_do_not_end_the_drain(void **state)
{
	early = 3;
	drain();
	assert_int_equal(unreported, 0);
}

static void make_memory_of_all_blocks(void)
{
	unsigned long block;

	guest_kernel_exit();
	guest_kernel_init((BLOCKS + 1) * PAGES_OF_BLOCK);
	for (block = 0; block < BLOCKS; block++)
		guest_kernel_free(block * PAGES_OF_BLOCK, ORDER);
	guest_kernel.free_pages = BLOCKS * PAGES_OF_BLOCK;
}

/* As much is given as was free, and not all of it. */
static void what_is_given_twice_does_not_end_the_drain(void **state)
{
	make_memory_of_all_blocks();
	merging = 6;
	drain();
	assert_int_equal(unreported, 0);
	assert_true(region.shm->give_back_state.pages > BLOCKS * PAGES_OF_BLOCK);
}

static void what_is_left_is_counted_once(void **state)
{
	make_memory_of_all_blocks();
	freed = 8 * BATCH;
	/* What is freed lies elsewhere: it looks as if nothing was ever reported. */
	unreported += guest_kernel.count / PAGES_OF_BLOCK;
	drain();
	assert_in_range(region.shm->give_back_state.pages, 2 * BLOCKS * PAGES_OF_BLOCK,
			2 * (BLOCKS + 2 * BATCH) * PAGES_OF_BLOCK);
	assert_int_equal(gb->work.delay, PACE_LOOK);
}

static void a_count_that_was_stopped_drains_nobody(void **state)
{
	freehint_write_give_back_request(region.shm, SESSION, ORDER, 1);
	ends = true;
	assert_true(work_queue_run(&gb->work));
	assert_int_equal(passes, 0);
	assert_int_equal(region.shm->give_back_state.drained, 0);
	/* It finds out that there is no session any more. */
	assert_true(work_queue_run(&gb->work));
	assert_false(gb->session.reporter.registered);
}

/* The time of the work item has come. */
static void wait_and_run(void)
{
	jiffies += gb->work.delay;
	assert_true(work_queue_run(&gb->work));
}

/* The kernel's own pass finds blocks while a count runs. */
static void find_while_counting(struct zone *zone)
{
	counts++;
	find_more(&gb->session.reporter);
}

/* It runs once more, at once, and counts nothing. */
static void runs_for_nothing(unsigned long pause)
{
	unsigned int before = counts, run = passes;

	assert_int_equal(gb->work.delay, 0);
	wait_and_run();
	assert_int_equal(counts, before);
	assert_int_equal(passes, run);
	assert_int_equal(gb->work.delay, pause);
}

static void blocks_that_are_found_in_a_count_shorten_no_pause(void **state)
{
	unsigned int look;

	guest_kernel_free(0, ORDER);
	unreported = 0;
	drain();
	find_more(&gb->session.reporter);
	guest_kernel.before_lock = find_while_counting;
	for (look = 0; look < SETTLED_LOOKS - 1; look++) {
		wait_and_run();
		runs_for_nothing(PACE_LOOK);
	}
	/* The host takes no offer any more. */
	answer = FREEHINT_ANSWER_NONE;
	unreported = 1;
	wait_and_run();
	runs_for_nothing(HZ);
	wait_and_run();
	runs_for_nothing(2 * HZ);
}

/* The kernel looks for larger blocks than the module believes. */
static void what_was_counted_and_not_found_is_told(void **state)
{
	unsigned int look;

	guest_kernel_free(0, ORDER);
	unreported = 0;
	drain();
	assert_int_equal(expected, 0);
	find_more(&gb->session.reporter);
	for (look = 1; look < SETTLED_LOOKS; look++)
		wait_and_run();
	assert_int_equal(passes, 1);
	wait_and_run();
	assert_int_equal(passes, 2);
	assert_int_equal(expected, PAGES_OF_BLOCK);
}

/* A guest that works has just used the rest of what was counted. */
static void what_was_not_found_after_a_pass_is_not_told(void **state)
{
	unsigned int look;

	guest_kernel_free(0, ORDER);
	guest_kernel_free(PAGES_OF_BLOCK, ORDER);
	unreported = 0;
	drain();
	find_more(&gb->session.reporter);
	for (look = 1; look < SETTLED_LOOKS; look++)
		wait_and_run();
	unreported = 1;
	wait_and_run();
	assert_int_equal(region.shm->give_back_state.pages, PAGES_OF_BLOCK);
	assert_int_equal(passes, 3);
	assert_int_equal(expected, 0);
}

/* It counts all memory, at 1 ms for each GiB, and counts again as often as it is queued. */
static void counting_delays_no_work_of_a_cpu(void **state)
{
	assert_true(gb->work.wq->flags & WQ_UNBOUND);
	assert_true(work_queue_run(&gb->work));
	assert_true(gb->work.queued);
	assert_true(gb->work.wq->flags & WQ_UNBOUND);
	find_more(&gb->session.reporter);
	assert_true(gb->work.wq->flags & WQ_UNBOUND);
}

RUN_TESTS(NULL, NULL,
	  TEST(a_guest_that_frees_nothing_gives_all),
	  TEST(a_guest_that_frees_a_block_before_each_pass_is_drained),
	  TEST(a_guest_that_frees_a_batch_before_each_pass_is_drained),
	  TEST(a_guest_that_frees_faster_than_it_gives_is_drained),
	  TEST(a_device_that_is_dark_in_passes_drains_nobody),
	  TEST(lists_that_end_early_once_do_not_end_the_drain),
	  TEST(what_is_given_twice_does_not_end_the_drain),
	  TEST(what_is_left_is_counted_once),
	  TEST(a_count_that_was_stopped_drains_nobody),
	  TEST(blocks_that_are_found_in_a_count_shorten_no_pause),
	  TEST(what_was_counted_and_not_found_is_told),
	  TEST(what_was_not_found_after_a_pass_is_not_told),
	  TEST(counting_delays_no_work_of_a_cpu),
	  TEST(a_session_that_ends_in_a_pass_is_not_drained),
)
