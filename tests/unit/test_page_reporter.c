// SPDX-License-Identifier: GPL-2.0
/*
 * What the module learns from the blocks that the kernel's page reporting hands over, and from
 * those that it does not.
 */
/* links: guest-kmod/give-back/oom_recall.c tests/fakes/guest_kernel.c proto/guest_offer.c */
/* links: proto/guest_publish.c */
/* includes: tests/fakes/kernel */
#define COMPAT_HAS_REPORTING_ORDER
#include "tests/fakes/work_queue.h"

#include "guest-kmod/compat/compat.h"

#undef compat_page_reporting_register
#define compat_page_reporting_register(info)	((void)(info), 0)

#define sg_next(sg)		((sg)[1].page ? (sg) + 1 : NULL)
#define sg_page(sg)		((sg)->page)
#define get_order(length)	ilog2((length) >> PAGE_SHIFT)
#define page_to_pfn(of)		((of)->unused[0])

#include "proto/host_offer.h"
#include "include/freehint/limits.h"
#include "tests/unit/unit.h"

#include "guest-kmod/give-back/page_reporter.c"

#define ORDER		6U
#define BLOCKS		40U

unsigned long jiffies;
struct oom_killer oom_killer;

static struct session_pause pause;
static struct page_reporter reporter;

/* What the kernel hands over in its next pass. */
static struct page page[BLOCKS];
static struct scatterlist sg[BLOCKS + 1];
static unsigned int count;

/* What the module offers, and how often it would like a pass. */
static unsigned int offered, wishes;
static u64 offered_pages;

static int offer(struct page_reporter *of, unsigned int blocks, u64 pages)
{
	offered += blocks;
	offered_pages += pages;
	return 0;
}

static void more(struct page_reporter *of)
{
	wishes++;
}

/* The kernel's pass. */
static int hand_over(void)
{
	return count ? reporter.info.report(&reporter.info, sg, count) : 0;
}

void idle_flush_delayed_work(struct delayed_work *work, const struct session_pause *of)
{
	assert_int_equal(hand_over(), 0);
}

static void free_block(u64 pfn, unsigned int order)
{
	page[count].unused[0] = pfn;
	sg[count] = (struct scatterlist){
		.page = &page[count], .length = 1U << (order + PAGE_SHIFT),
	};
	count++;
}

static void use_all(void)
{
	memset(sg, 0, sizeof(sg));
	count = 0;
}

/* Another driver may have registered before. */
static int setup(void **state)
{
	use_all();
	offered = 0;
	offered_pages = 0;
	wishes = 0;
	pause.reasons = 0;
	reporter = (struct page_reporter){ .offer = offer, .more = more, .pause = &pause };
	mutex_init(&reporter.lock);
	return page_reporter_register(&reporter, ORDER);
}

static int teardown(void **state)
{
	page_reporter_unregister(&reporter);
	return 0;
}

static void the_order_of_the_first_registration_is_believed(void **state)
{
	assert_int_equal(page_reporter_least(&reporter), ORDER);
	free_block(1 << 9, 9);
	assert_false(page_reporter_pass(&reporter));
	page_reporter_expected(&reporter, 1 << 10);
	assert_int_equal(page_reporter_least(&reporter), ORDER);
}

/* The budget for blocks that never come would be used up by those that were just freed. */
static void the_kernel_looks_for_larger_blocks_if_it_finds_none(void **state)
{
	unsigned int order;

	for (order = ORDER; order < 10; order++) {
		assert_int_equal(page_reporter_least(&reporter), order);
		assert_false(page_reporter_pass(&reporter));
		/* Less than a block was not given back for another reason. */
		page_reporter_expected(&reporter, (1 << order) - 1);
		assert_int_equal(page_reporter_least(&reporter), order);
		page_reporter_expected(&reporter, 1 << order);
	}
	assert_int_equal(page_reporter_least(&reporter), 10);
	page_reporter_expected(&reporter, 1 << 20);
	assert_int_equal(page_reporter_least(&reporter), 10);
}

static void a_smaller_block_is_noticed_outside_of_a_pass_as_well(void **state)
{
	page_reporter_pass(&reporter);
	page_reporter_expected(&reporter, 1 << 10);
	page_reporter_pass(&reporter);
	page_reporter_expected(&reporter, 1 << 10);
	assert_int_equal(page_reporter_least(&reporter), ORDER + 2);
	free_block(1 << 9, 9);
	free_block(1 << 7, ORDER + 1);
	assert_int_equal(hand_over(), -EAGAIN);
	assert_int_equal(wishes, 1);
	assert_int_equal(offered, 0);
	assert_int_equal(page_reporter_least(&reporter), ORDER + 1);
}

/* Each wish makes the module count all memory, and there would be one every 2 s. */
static void smaller_blocks_than_asked_for_are_no_reason_for_a_pass(void **state)
{
	free_block(1 << 9, ORDER - 1);
	assert_int_equal(hand_over(), 0);
	assert_int_equal(wishes, 0);
	assert_int_equal(page_reporter_least(&reporter), ORDER);
	free_block(1 << 10, ORDER);
	assert_int_equal(hand_over(), -EAGAIN);
	assert_int_equal(wishes, 1);
	assert_int_equal(offered, 0);
}

/* The pass has blocks out, and the guest is out of memory. */
static void a_batch_of_smaller_blocks_ends_a_pass_that_is_called_back(void **state)
{
	free_block(1 << 9, ORDER - 1);
	reporter.in_pass = true;
	assert_int_equal(hand_over(), 0);
	reporter.recall.wanted = true;
	assert_int_equal(hand_over(), -EAGAIN);
}

static void smaller_blocks_than_asked_for_are_skipped(void **state)
{
	free_block(1 << 9, ORDER - 1);
	free_block(1 << 10, ORDER);
	assert_false(page_reporter_pass(&reporter));
	assert_int_equal(offered, 1);
	assert_int_equal(offered_pages, 1 << ORDER);
	assert_int_equal(page_reporter_handed(&reporter), 1);
	assert_int_equal(page_reporter_least(&reporter), ORDER);
}

/* Whoever offers one has the whole offer declined, in each pass. */
static void blocks_that_the_region_cannot_name_are_skipped(void **state)
{
	free_block(FREEHINT_MAX_PAGES, 9);
	free_block(FREEHINT_MAX_PAGES - 512, 9);
	free_block(FREEHINT_MAX_PAGES - 512, 10);
	assert_false(page_reporter_pass(&reporter));
	assert_int_equal(offered, 1);
	assert_int_equal(freehint_block_pfn(reporter.block[0]), FREEHINT_MAX_PAGES - 512);
	assert_int_equal(freehint_block_pages(reporter.block[0]), 512);
	/* The kernel has counted them for the length of its pass. */
	assert_int_equal(page_reporter_handed(&reporter), 3);
	use_all();
	assert_false(page_reporter_pass(&reporter));
	assert_int_equal(page_reporter_handed(&reporter), 0);
}

RUN_TESTS(NULL, NULL,
	  TEST(the_order_of_the_first_registration_is_believed),
	  TEST(the_kernel_looks_for_larger_blocks_if_it_finds_none),
	  TEST(a_smaller_block_is_noticed_outside_of_a_pass_as_well),
	  TEST(smaller_blocks_than_asked_for_are_no_reason_for_a_pass),
	  TEST(a_batch_of_smaller_blocks_ends_a_pass_that_is_called_back),
	  TEST(smaller_blocks_than_asked_for_are_skipped),
	  TEST(blocks_that_the_region_cannot_name_are_skipped),
)
