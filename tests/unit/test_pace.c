// SPDX-License-Identifier: GPL-2.0
/*
 * How much a guest gives back that was drained once: what has stayed free in blocks that can
 * be given back, whatever else is free.
 */
/* links: guest-kmod/give-back/pace.c guest-kmod/scan/free_scan.c guest-kmod/scan/memory_end.c */
/* links: guest-kmod/give-back/free_count.c guest-kmod/give-back/first_drain.c */
/* links: tests/fakes/guest_kernel.c proto/guest_publish.c */
/* includes: tests/fakes/kernel */
#include "tests/fakes/oom_killer.h"
#include "guest-kmod/scan/free_scan.h"
#include "guest-kmod/give-back/pace.h"
#include "tests/unit/unit.h"

#define BLOCK	1024UL
#define BLOCKS	16UL
#define PAGES	(BLOCKS * BLOCK)
/* Blocks of 2 MiB and more are given back. */
#define ORDER	9U
#define LARGE	(1UL << ORDER)

static struct pace pace;
static bool goes_on;
/* Smallest order that the kernel hands over. */
static unsigned int least;

unsigned long jiffies;

static bool may_continue(void *data)
{
	assert_ptr_equal(data, &pace);
	return goes_on;
}

static int setup(void **state)
{
	guest_kernel_init(PAGES);
	goes_on = true;
	least = ORDER;
	pace.may_continue = may_continue;
	pace.data = &pace;
	pace_begin(&pace);
	return free_scan_init();
}

static int teardown(void **state)
{
	free_scan_exit();
	guest_kernel_exit();
	return 0;
}

/* The first half of memory is free in pieces that are too small. */
static void free_fragments(void)
{
	unsigned long pfn;

	for (pfn = 0; pfn < PAGES / 2; pfn += LARGE)
		guest_kernel_free(pfn, ORDER - 1);
}

/* A program frees @count large blocks. */
static void free_large(unsigned long count)
{
	while (count--)
		guest_kernel_free(PAGES / 2 + count * LARGE, ORDER);
}

static void use_large(unsigned long count)
{
	while (count--)
		guest_kernel_alloc(PAGES / 2 + count * LARGE);
}

static struct free_scan_unreported count(unsigned int order)
{
	struct free_scan_unreported found;

	assert_true(free_scan_count_unreported(order, may_continue, &pace, &found));
	return found;
}

static u64 budget_of(u64 leave, bool drained)
{
	u64 budget;

	assert_true(pace_budget(&pace, leave, least, drained, &budget));
	return budget;
}

/* Return: what may be given back after the last of @looks. */
static u64 look(unsigned int looks, u64 leave)
{
	u64 budget = 0;

	while (looks--)
		budget = budget_of(leave, true);
	return budget;
}

static void smaller_blocks_are_free_and_not_large(void **state)
{
	unsigned int order, large;

	for (order = 0; order <= 10; order++)
		guest_kernel_free(order * BLOCK, order);
	for (large = 0; large <= 11; large++) {
		assert_int_equal(count(large).pages, 2 * BLOCK - 1);
		assert_int_equal(count(large).large, 2 * BLOCK - (1UL << large));
	}
}

/* The kernel hands over no block of such a zone. */
static void blocks_of_a_zone_that_is_short_of_memory_are_not_large(void **state)
{
	struct zone *zone = &guest_kernel.nodes[0].node_zones[0];

	free_large(4);
	zone->free_pages = GUEST_KERNEL_WATERMARK + PAGE_REPORTING_CAPACITY * LARGE;
	assert_int_equal(count(ORDER).pages, 4 * LARGE);
	assert_int_equal(count(ORDER).large, 0);
	assert_int_equal(count(ORDER - 1).large, 4 * LARGE);
	zone->free_pages++;
	assert_int_equal(count(ORDER).large, 4 * LARGE);
}

/* The fragments have stayed free all the time, but cannot be given back. */
static void fragments_are_no_budget_for_what_was_just_freed(void **state)
{
	unsigned int cycle, i;

	free_fragments();
	look(SETTLED_LOOKS, 0);
	for (cycle = 0; cycle < 3; cycle++) {
		free_large(4);
		for (i = 0; i < SETTLED_LOOKS - 1; i++)
			assert_int_equal(look(1, 0), 0);
		use_large(4);
		assert_int_equal(look(1, 0), 0);
	}
	free_large(4);
	assert_int_equal(look(SETTLED_LOOKS, 0), 4 * LARGE);
}

/* What was counted as small is free in one piece now, and nobody knows for how long. */
static void looks_for_another_order_do_not_count(void **state)
{
	free_large(4);
	look(SETTLED_LOOKS, 0);
	least = ORDER + 1;
	assert_int_equal(look(1, 0), 0);
	use_large(4);
	guest_kernel_free(PAGES / 2, ORDER + 1);
	assert_int_equal(look(SETTLED_LOOKS - 1, 0), 0);
	assert_int_equal(look(1, 0), 2 * LARGE);
	least = ORDER;
	assert_int_equal(look(SETTLED_LOOKS - 1, 0), 0);
	assert_int_equal(look(1, 0), 2 * LARGE);
}

static void fragments_that_come_and_go_do_not_keep_the_guest_counting(void **state)
{
	free_large(4);
	look(SETTLED_LOOKS, 0);
	assert_int_equal(pace.unsettled, 0);
	free_fragments();
	look(1, 0);
	assert_int_equal(pace.unsettled, 0);
	use_large(1);
	look(1, 0);
	free_large(1);
	look(1, 0);
	assert_int_equal(pace.unsettled, LARGE);
}

/* They are memory that the guest can use without a page fault. */
static void fragments_are_part_of_what_stays(void **state)
{
	u64 fragments = PAGES / 4;

	free_fragments();
	free_large(4);
	assert_int_equal(look(SETTLED_LOOKS, fragments), 4 * LARGE);
	assert_int_equal(look(1, fragments + LARGE), 3 * LARGE);
	assert_int_equal(look(1, fragments + 4 * LARGE), 0);
	assert_int_equal(look(1, PAGES), 0);
}

static void the_first_drain_takes_all_but_what_stays(void **state)
{
	free_fragments();
	free_large(4);
	assert_true(budget_of(0, false) > PAGES);
	assert_int_equal(budget_of(LARGE, false), PAGES / 4 + 3 * LARGE);
	assert_int_equal(pace.unsettled, 0);
}

/* Time that a count takes for each lock that it takes, and passes of the first drain. */
#define COUNT_JIFFIES	(HZ * 64 / 1000)
#define PASSES		2000

static unsigned int holds;

static void count_takes_time(struct zone *zone)
{
	jiffies += COUNT_JIFFIES;
	holds++;
}

static void counting_takes_a_twentieth_of_the_first_drain(void **state)
{
	unsigned long start = jiffies;
	unsigned int i;

	/* One hold for each count. */
	free_large(1);
	guest_kernel.before_lock = count_takes_time;
	holds = 0;
	for (i = 0; i < PASSES; i++) {
		assert_int_equal(budget_of(1, false), LARGE - 1);
		/* A pass takes half a jiffy. */
		jiffies += i % 2;
	}
	assert_true(holds > 1);
	assert_true(holds <= 1 + (jiffies - start) / (20 * COUNT_JIFFIES));
}

static void what_was_counted_is_given_once(void **state)
{
	unsigned int once;

	free_large(8);
	guest_kernel.before_lock = count_takes_time;
	holds = 0;
	assert_int_equal(budget_of(2 * LARGE, false), 6 * LARGE);
	once = holds;
	pace_given(&pace, 4 * LARGE);
	assert_int_equal(budget_of(2 * LARGE, false), 2 * LARGE);
	assert_int_equal(holds, once);
	/* All given: what else is free is counted at once. */
	pace_given(&pace, 2 * LARGE);
	use_large(5);
	assert_int_equal(budget_of(2 * LARGE, false), LARGE);
	assert_true(holds > once);
}

/* What programs have freed since may be enough for another block. */
static void an_old_count_does_not_end_the_drain(void **state)
{
	free_large(4);
	guest_kernel.before_lock = count_takes_time;
	assert_int_equal(budget_of(2 * LARGE, false), 2 * LARGE);
	assert_false(pace_count_again(&pace));
	pace_given(&pace, LARGE);
	free_large(8);
	assert_int_equal(budget_of(2 * LARGE, false), LARGE);
	assert_true(pace_count_again(&pace));
	assert_int_equal(budget_of(2 * LARGE, false), 6 * LARGE);
	assert_false(pace_count_again(&pace));
}

static void another_request_has_a_count_of_its_own(void **state)
{
	free_large(8);
	assert_int_equal(budget_of(2 * LARGE, false), 6 * LARGE);
	pace_begin(&pace);
	assert_int_equal(budget_of(7 * LARGE, false), LARGE);
	pace_begin(&pace);
	assert_true(budget_of(0, false) > PAGES);
}

/* Neither as memory that is free nor as memory that is not. */
static void a_count_that_was_stopped_is_not_used(void **state)
{
	u64 budget;

	free_large(4);
	look(SETTLED_LOOKS - 1, 0);
	goes_on = false;
	assert_false(pace_budget(&pace, 0, ORDER, true, &budget));
	assert_int_equal(pace.unsettled, 0);
	goes_on = true;
	assert_int_equal(look(1, 0), 4 * LARGE);
	pace_begin(&pace);
	goes_on = false;
	assert_false(pace_budget(&pace, LARGE, ORDER, false, &budget));
	goes_on = true;
	assert_int_equal(budget_of(LARGE, false), 3 * LARGE);
}

RUN_TESTS(NULL, NULL,
	  TEST(smaller_blocks_are_free_and_not_large),
	  TEST(blocks_of_a_zone_that_is_short_of_memory_are_not_large),
	  TEST(fragments_are_no_budget_for_what_was_just_freed),
	  TEST(looks_for_another_order_do_not_count),
	  TEST(fragments_that_come_and_go_do_not_keep_the_guest_counting),
	  TEST(fragments_are_part_of_what_stays),
	  TEST(the_first_drain_takes_all_but_what_stays),
	  TEST(counting_takes_a_twentieth_of_the_first_drain),
	  TEST(what_was_counted_is_given_once),
	  TEST(an_old_count_does_not_end_the_drain),
	  TEST(another_request_has_a_count_of_its_own),
	  TEST(a_count_that_was_stopped_is_not_used),
)
