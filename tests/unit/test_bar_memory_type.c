// SPDX-License-Identifier: GPL-2.0
/*
 * Memory types of the BAR's mapping: what the cache bits of a page table entry mean, and
 * when write-combining is better than what the kernel gave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guest-kmod/compat/bar_memory_type.h"

/* PWT, PCD and PAT of a 4 KiB entry. */
#define PWT	0x08ULL
#define PCD	0x10ULL
#define PAT	0x80ULL

/* Linux on a processor with a PAT. */
static const struct cache_bits with_pat = {
	.write_back = 0,
	.write_combining = PWT,
	.uncached_minus = PCD,
	.uncached = PCD | PWT,
};

/* Linux on a processor whose PAT does not work: it gives uncached for write-combining. */
static const struct cache_bits without_combining = {
	.write_back = 0,
	.write_combining = PCD,
	.uncached_minus = PCD,
	.uncached = PCD | PWT,
};

static void bits_mean_what_the_kernel_says(void **state)
{
	(void)state;
	assert_int_equal(bar_memory_type_from_bits(0, &with_pat), BAR_WRITE_BACK);
	assert_int_equal(bar_memory_type_from_bits(PWT, &with_pat), BAR_WRITE_COMBINING);
	assert_int_equal(bar_memory_type_from_bits(PCD, &with_pat), BAR_UNCACHED);
	assert_int_equal(bar_memory_type_from_bits(PCD | PWT, &with_pat), BAR_UNCACHED);
}

static void write_through_and_write_protected_are_unknown(void **state)
{
	(void)state;
	assert_int_equal(bar_memory_type_from_bits(PAT | PWT, &with_pat), BAR_UNKNOWN);
	assert_int_equal(bar_memory_type_from_bits(PAT | PCD | PWT, &with_pat), BAR_UNKNOWN);
}

static void a_kernel_without_write_combining_has_uncached(void **state)
{
	(void)state;
	assert_int_equal(bar_memory_type_from_bits(PCD, &without_combining), BAR_UNCACHED);
	assert_int_equal(bar_memory_type_from_bits(0, &without_combining), BAR_WRITE_BACK);
}

static void only_uncached_is_worse_than_write_combining(void **state)
{
	(void)state;
	assert_true(bar_memory_type_wants_combining(BAR_UNCACHED));
	assert_false(bar_memory_type_wants_combining(BAR_WRITE_COMBINING));
	assert_false(bar_memory_type_wants_combining(BAR_WRITE_BACK));
	assert_false(bar_memory_type_wants_combining(BAR_UNKNOWN));
}

static void each_type_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(bar_memory_type_name(BAR_WRITE_BACK), "write-back");
	assert_string_equal(bar_memory_type_name(BAR_WRITE_COMBINING), "write-combining");
	assert_string_equal(bar_memory_type_name(BAR_UNCACHED), "uncached");
	assert_string_equal(bar_memory_type_name(BAR_UNKNOWN), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_mean_what_the_kernel_says),
		cmocka_unit_test(write_through_and_write_protected_are_unknown),
		cmocka_unit_test(a_kernel_without_write_combining_has_uncached),
		cmocka_unit_test(only_uncached_is_worse_than_write_combining),
		cmocka_unit_test(each_type_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
