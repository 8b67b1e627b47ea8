// SPDX-License-Identifier: GPL-2.0
/*
 * What has stayed free: the least of the last looks, less what was given back since.
 */
#include "guest-kmod/give-back/settled.h"
#include "tests/unit/unit.h"

static struct settled settled;

static int setup(void **state)
{
	settled_reset(&settled);
	return 0;
}

/* Return: what has settled after @count looks that found @pages. */
static u64 look(unsigned int count, u64 pages)
{
	u64 found = 0;

	while (count--)
		found = settled_look(&settled, pages);
	return found;
}

static void memory_that_was_just_freed_has_not_settled(void **state)
{
	assert_int_equal(look(SETTLED_LOOKS - 1, 1000), 0);
	assert_int_equal(look(1, 1000), 1000);
}

static void what_is_used_in_between_has_not_settled(void **state)
{
	look(SETTLED_LOOKS, 1000);
	assert_int_equal(look(1, 300), 300);
	assert_int_equal(look(SETTLED_LOOKS - 1, 1000), 300);
	assert_int_equal(look(1, 1000), 1000);
}

static void what_was_given_back_is_not_counted_again(void **state)
{
	look(SETTLED_LOOKS, 1000);
	settled_take(&settled, 600);
	assert_int_equal(look(1, 400), 400);
	assert_int_equal(look(1, 900), 400);
	settled_take(&settled, 5000);
	assert_int_equal(look(1, 10), 0);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test_setup(memory_that_was_just_freed_has_not_settled, setup),
		cmocka_unit_test_setup(what_is_used_in_between_has_not_settled, setup),
		cmocka_unit_test_setup(what_was_given_back_is_not_counted_again, setup),
)
