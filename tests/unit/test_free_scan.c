// SPDX-License-Identifier: GPL-2.0
/*
 * The scan of the guest module: what it reports when the allocator's pages change under
 * it, where it takes a zone's lock, and which struct pages it touches.
 */
/* links: guest-kmod/scan/free_scan.c guest-kmod/scan/memory_end.c tests/fakes/guest_kernel.c */
/* links: proto/guest_publish.c proto/host_request.c proto/host_snapshot.c */
/* includes: tests/fakes/kernel */
#include "guest-kmod/scan/memory_end.h"
#include "scan_rig.h"

static unsigned long victim;

static bool reported(unsigned long pfn)
{
	return *region_word(&region, pfn / 64) >> pfn % 64 & 1;
}

/* All of the @count pages at @pfn are reported, and no others of the guest. */
static void assert_only(unsigned long pfn, unsigned long count)
{
	unsigned long i;

	assert_int_equal(pub.free, count);
	for (i = pfn; i < pfn + count; i++)
		assert_true(reported(i));
}

static void free_pages_of_every_order_are_reported(void **state)
{
	unsigned long order, pages = 0;

	for (order = 0; order <= 10; order++) {
		guest_kernel_free(order * BLOCK, order);
		pages += 1UL << order;
	}
	scan();
	assert_int_equal(result.status, FREEHINT_SEAL_COMPLETE);
	assert_int_equal(pub.free, pages);
	assert_int_equal(pub.mark, PAGES);
	for (order = 0; order <= 10; order++) {
		assert_true(reported(order * BLOCK));
		assert_true(reported(order * BLOCK + (1UL << order) - 1));
		assert_false(reported(order * BLOCK + (1UL << order)));
	}
}

static bool always(void *data)
{
	return true;
}

static void what_was_given_back_is_free_but_not_counted(void **state)
{
	struct free_scan_unreported found;

	guest_kernel_free(BLOCK, 10);
	guest_kernel_free(3 * BLOCK + 8, 3);
	guest_kernel.pages[BLOCK].flags |= PAGE_REPORTED;
	assert_true(free_scan_count_unreported(1, always, NULL, &found));
	assert_int_equal(found.pages, 8);
	assert_int_equal(found.large, 8);
	scan();
	assert_int_equal(pub.free, BLOCK + 8);
}

static void every_second_page_is_found(void **state)
{
	unsigned long pfn;

	for (pfn = 1; pfn < PAGES; pfn += 2)
		guest_kernel_free(pfn, 0);
	scan();
	assert_int_equal(pub.free, PAGES / 2);
	for (pfn = 0; pfn < PAGES; pfn++)
		assert_int_equal(reported(pfn), pfn % 2);
}

static void nothing_is_locked_where_nothing_is_free(void **state)
{
	scan();
	assert_int_equal(guest_kernel.holds, 0);
	assert_int_equal(result.holds, 0);
	assert_int_equal(pub.mark, PAGES);
	assert_int_equal(pub.free, 0);
}

static void one_block_with_a_free_page_is_locked_once(void **state)
{
	guest_kernel_free(5 * BLOCK + 17, 0);
	scan();
	assert_int_equal(guest_kernel.holds, 1);
	assert_true(result.held_ns >= result.hold_ns);
	assert_int_equal(result.holds, 1);
	assert_only(5 * BLOCK + 17, 1);
}

static void allocate_victim(struct zone *zone)
{
	guest_kernel_alloc(victim);
}

static void a_page_allocated_between_look_and_lock_is_not_reported(void **state)
{
	victim = 3 * BLOCK + 64;
	guest_kernel_free(victim, 5);
	guest_kernel_free(3 * BLOCK + 512, 2);
	guest_kernel.before_lock = allocate_victim;
	scan();
	assert_only(3 * BLOCK + 512, 4);
}

static void split_victim(struct zone *zone)
{
	guest_kernel_free(victim, 2);
}

static void of_a_page_split_between_look_and_lock_the_rest_is_not_reported(void **state)
{
	victim = 3 * BLOCK + 64;
	guest_kernel_free(victim, 5);
	guest_kernel.before_lock = split_victim;
	scan();
	assert_only(victim, 4);
}

static void merge_victim(struct zone *zone)
{
	guest_kernel_alloc(victim + 8);
	guest_kernel_free(victim, 4);
}

static void pages_merged_between_look_and_lock_are_reported(void **state)
{
	victim = 3 * BLOCK + 64;
	guest_kernel_free(victim, 3);
	guest_kernel_free(victim + 8, 3);
	guest_kernel.before_lock = merge_victim;
	scan();
	assert_only(victim, 16);
}

static void garbage_for_an_order_hides_no_other_page(void **state)
{
	static const unsigned long garbage[] = { 2, 11, 63, 64, ~0UL };
	unsigned long i;

	for (i = 0; i < 5; i++) {
		unsigned long pfn = i * BLOCK + 6;

		guest_kernel_free(pfn, (unsigned int)garbage[i]);
		guest_kernel.pages[pfn].private = garbage[i];
		guest_kernel.pages[pfn + 4].flags |= PAGE_HEAD;
		guest_kernel.pages[pfn + 5].order = garbage[i];
		guest_kernel_free(pfn + 6, 0);
	}
	scan();
	assert_int_equal(pub.free, 5);
	for (i = 0; i < 5; i++)
		assert_true(reported(i * BLOCK + 12));
}

static void compound_pages_are_stepped_over(void **state)
{
	unsigned long pfn;

	for (pfn = 0; pfn < PAGES; pfn += 512)
		guest_kernel_compound(pfn, 9);
	scan();
	assert_in_range(guest_kernel.looks, PAGES / 512, 16 * PAGES / 512);
}

static void a_compound_page_of_many_blocks_takes_a_look_a_block(void **state)
{
	guest_kernel_compound(0, 13);
	guest_kernel_free(8 * BLOCK, 10);
	guest_kernel_compound(9 * BLOCK, 10);
	scan();
	assert_in_range(guest_kernel.looks, 8, 200 + 6 * BLOCK * 2);
	assert_only(8 * BLOCK, BLOCK);
}

static void what_follows_a_compound_page_is_found(void **state)
{
	unsigned long order;

	for (order = 1; order <= 9; order++) {
		guest_kernel_compound(order * BLOCK, (unsigned int)order);
		guest_kernel_free(order * BLOCK + (1UL << order), 0);
	}
	scan();
	assert_int_equal(pub.free, 9);
	for (order = 1; order <= 9; order++)
		assert_true(reported(order * BLOCK + (1UL << order)));
}

/* A head that was split after it was read as a head, or the other way round. */
static void tails_without_a_head_hide_at_most_their_alignment(void **state)
{
	unsigned long i;

	for (i = 1; i < 8; i++)
		guest_kernel.pages[i].compound_head = 1;
	guest_kernel_free(8, 0);
	scan();
	assert_only(8, 1);
}

static void the_lock_is_dropped_when_somebody_waits(void **state)
{
	unsigned long pfn;

	for (pfn = 0; pfn < BLOCK; pfn += 2)
		guest_kernel_free(pfn, 0);
	guest_kernel.contended = true;
	scan();
	assert_in_range(guest_kernel.holds, 512 / 64, 512 / 8);
	assert_int_equal(result.holds, guest_kernel.holds);
	assert_int_equal(pub.free, 512);
}

static void somebody_who_waits_costs_no_hold_where_nothing_is_free(void **state)
{
	guest_kernel_free(2 * BLOCK + 100, 0);
	guest_kernel_free(2 * BLOCK + 900, 0);
	guest_kernel.contended = true;
	scan();
	assert_int_equal(guest_kernel.holds, 2);
	assert_int_equal(pub.free, 2);
}

static void allocate_rest(struct zone *zone)
{
	if (guest_kernel.holds == 1)
		for (; victim < BLOCK; victim += 2)
			guest_kernel_alloc(victim);
}

static void a_page_allocated_while_the_lock_was_dropped_is_not_reported(void **state)
{
	unsigned long pfn;

	for (pfn = 0; pfn < BLOCK; pfn += 2)
		guest_kernel_free(pfn, 0);
	guest_kernel.contended = true;
	guest_kernel.before_lock = allocate_rest;
	victim = 400;
	scan();
	assert_int_equal(pub.free, 200);
	assert_true(reported(398));
	assert_false(reported(400));
}

/* The second half of the guest is a zone of another node, from the middle of a block on. */
static unsigned long two_zones(void)
{
	struct zone *second = &guest_kernel.nodes[1].node_zones[1];
	unsigned long pfn, border = PAGES / 2 + 100;

	guest_kernel.nodes[0].node_zones[0].spanned_pages = border;
	second->zone_start_pfn = border;
	second->spanned_pages = PAGES - border;
	for (pfn = border; pfn < PAGES; pfn++)
		guest_kernel.pages[pfn].zone = second;
	return border;
}

static void allocate_in_the_other_zone(struct zone *zone)
{
	if (guest_kernel.pages[victim].zone == zone)
		guest_kernel_alloc(victim);
}

/* It is still free while the first zone is locked: that lock says nothing about it. */
static void a_page_is_confirmed_under_the_lock_of_its_own_zone(void **state)
{
	victim = two_zones() + 4;
	guest_kernel_free(victim, 2);
	guest_kernel_free(PAGES / 2 + 32, 5);
	guest_kernel.before_lock = allocate_in_the_other_zone;
	scan();
	assert_only(PAGES / 2 + 32, 32);
}

static void a_block_of_two_zones_is_found_whole(void **state)
{
	unsigned long border = two_zones();

	guest_kernel_free(border - 4, 2);
	guest_kernel_free(border, 2);
	scan();
	assert_only(border - 4, 8);
	assert_int_equal(guest_kernel.holds, 2);
}

static void a_section_that_is_offline_is_not_reported(void **state)
{
	unsigned long block;

	for (block = 2; block < 6; block++)
		guest_kernel_free(block * BLOCK, 10);
	guest_kernel.online[3] = false;
	guest_kernel.online[4] = false;
	scan();
	assert_int_equal(pub.free, 2 * BLOCK);
	assert_int_equal(pub.mark, PAGES);
	assert_false(reported(3 * BLOCK));
	assert_true(reported(5 * BLOCK));
}

static void memory_goes_away_after_the_readers(void **state)
{
	struct memory_notify range = { .start_pfn = BLOCK, .nr_pages = BLOCK };
	struct notifier_block *nb = guest_kernel.offline_chain;

	assert_int_equal(nb->notifier_call(nb, MEM_CANCEL_OFFLINE, &range), NOTIFY_OK);
	assert_int_equal(guest_kernel.expedited, 0);
	assert_int_equal(nb->notifier_call(nb, MEM_OFFLINE, &range), NOTIFY_OK);
	assert_int_equal(guest_kernel.expedited, 1);
	/* Who removes a large DIMM would wait for one for each of its blocks. */
	assert_int_equal(guest_kernel.grace_periods, 0);
}

RUN_TESTS(NULL, NULL,
	  TEST(free_pages_of_every_order_are_reported),
	  TEST(what_was_given_back_is_free_but_not_counted),
	  TEST(every_second_page_is_found),
	  TEST(nothing_is_locked_where_nothing_is_free),
	  TEST(one_block_with_a_free_page_is_locked_once),
	  TEST(a_page_allocated_between_look_and_lock_is_not_reported),
	  TEST(of_a_page_split_between_look_and_lock_the_rest_is_not_reported),
	  TEST(pages_merged_between_look_and_lock_are_reported),
	  TEST(garbage_for_an_order_hides_no_other_page),
	  TEST(compound_pages_are_stepped_over),
	  TEST(a_compound_page_of_many_blocks_takes_a_look_a_block),
	  TEST(what_follows_a_compound_page_is_found),
	  TEST(tails_without_a_head_hide_at_most_their_alignment),
	  TEST(the_lock_is_dropped_when_somebody_waits),
	  TEST(somebody_who_waits_costs_no_hold_where_nothing_is_free),
	  TEST(a_page_allocated_while_the_lock_was_dropped_is_not_reported),
	  TEST(a_page_is_confirmed_under_the_lock_of_its_own_zone),
	  TEST(a_block_of_two_zones_is_found_whole),
	  TEST(a_section_that_is_offline_is_not_reported),
	  TEST(memory_goes_away_after_the_readers),
)
