// SPDX-License-Identifier: GPL-2.0
/*
 * Runs of free pages become bits of a block: against a model that sets one bit at a
 * time.
 */
/* links: guest-kmod/free_words.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guest-kmod/free_words.h"

#define PAGES	1024UL
#define WORDS	(PAGES / FREEHINT_WORD_BITS)

static void model_mark(u64 *words, unsigned long first, unsigned long run)
{
	unsigned long page;

	for (page = first; page < PAGES && page - first < run; page++)
		words[page / FREEHINT_WORD_BITS] |= 1ULL << (page % FREEHINT_WORD_BITS);
}

static void check_run(unsigned long first, unsigned long run)
{
	u64 words[WORDS + 1] = {}, model[WORDS + 1] = {};

	words[WORDS] = 0x5a5a;
	model[WORDS] = 0x5a5a;
	free_words_mark(words, PAGES, first, run);
	model_mark(model, first, run);
	assert_memory_equal(words, model, sizeof(words));
}

static void every_order_at_every_place(void **state)
{
	unsigned long order, first;

	(void)state;
	for (order = 0; order <= 10; order++)
		for (first = 0; first < PAGES; first += 1UL << order)
			check_run(first, 1UL << order);
}

static void runs_of_any_length(void **state)
{
	unsigned long first, run;

	(void)state;
	for (first = 0; first < 130; first++)
		for (run = 0; run < 200; run++)
			check_run(first, run);
}

static void a_run_beyond_the_block_is_cut_off(void **state)
{
	(void)state;
	check_run(PAGES - 1, 2);
	check_run(0, 4 * PAGES);
	check_run(512, 1024);
	check_run(1, ~0UL);
}

static void a_run_outside_the_block_does_nothing(void **state)
{
	(void)state;
	check_run(PAGES, 1);
	check_run(~0UL, 1);
	check_run(7, 0);
}

static void bits_that_are_set_stay_set(void **state)
{
	u64 words[WORDS] = {}, model[WORDS] = {};
	int i;

	(void)state;
	srandom(1);
	for (i = 0; i < 1000; i++) {
		unsigned long order = (unsigned long)random() % 6;
		unsigned long first = (unsigned long)random() % PAGES;

		free_words_mark(words, PAGES, first, 1UL << order);
		model_mark(model, first, 1UL << order);
		assert_memory_equal(words, model, sizeof(words));
	}
}

static void an_order_fits_its_alignment_alone(void **state)
{
	(void)state;
	assert_true(free_words_order_fits(0, 10, 10));
	assert_true(free_words_order_fits(1024, 10, 10));
	assert_true(free_words_order_fits(1, 0, 10));
	assert_false(free_words_order_fits(512, 10, 10));
	assert_false(free_words_order_fits(1, 1, 10));
	assert_false(free_words_order_fits(0, 11, 10));
	assert_false(free_words_order_fits(0, ~0UL, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_at_every_place),
		cmocka_unit_test(runs_of_any_length),
		cmocka_unit_test(a_run_beyond_the_block_is_cut_off),
		cmocka_unit_test(a_run_outside_the_block_does_nothing),
		cmocka_unit_test(bits_that_are_set_stay_set),
		cmocka_unit_test(an_order_fits_its_alignment_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
