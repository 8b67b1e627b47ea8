// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that runs out of memory gets back what is in an offer, when the pass has ended, and
 * is told how much; a host that does not answer does not make it wait for ever.
 */
/* links: guest-kmod/give-back/oom_recall.c */
/* includes: tests/fakes/kernel */
#include "tests/fakes/oom_killer.h"
#include "guest-kmod/give-back/oom_recall.h"
#include "tests/unit/unit.h"

#define HELD	4096UL

struct oom_killer oom_killer;
static struct oom_recall recall;
static bool seen, ended;

static void host_answers(void)
{
	seen = oom_recall_wanted(&recall);
	ended = oom_recall_end_pass(&recall);
}

static void host_is_stopped(void)
{
	seen = oom_recall_wanted(&recall);
}

static int setup(void **state)
{
	seen = false;
	ended = false;
	oom_killer.meanwhile = host_answers;
	oom_recall_start(&recall);
	oom_recall_begin_pass(&recall);
	return 0;
}

static int teardown(void **state)
{
	oom_recall_stop(&recall);
	return oom_killer.chain != NULL;
}

/* Return: pages that the OOM killer has got. */
static unsigned long run_out_of_memory(void)
{
	unsigned long freed = 0;

	assert_int_equal(oom_killer.chain->notifier_call(oom_killer.chain, 0, &freed), NOTIFY_OK);
	return freed;
}

static void nobody_waits_for_nothing(void **state)
{
	assert_int_equal(run_out_of_memory(), 0);
	assert_false(seen);
	assert_false(oom_recall_wanted(&recall));
	assert_false(oom_recall_end_pass(&recall));
}

static void what_is_held_comes_back_with_the_end_of_the_pass(void **state)
{
	oom_recall_hold(&recall, HELD);
	assert_int_equal(run_out_of_memory(), HELD);
	assert_true(seen);
	assert_true(ended);
	assert_int_equal(recall.over.woken, 1);
	/* It is back: the next time there is nothing to wait for. */
	assert_int_equal(run_out_of_memory(), 0);
}

static void a_stopped_host_is_not_waited_for_for_ever(void **state)
{
	oom_killer.meanwhile = host_is_stopped;
	oom_recall_hold(&recall, HELD);
	assert_int_equal(run_out_of_memory(), 0);
	assert_true(seen);
	assert_true(oom_recall_end_pass(&recall));
}

static void another_pass_is_another_matter(void **state)
{
	oom_recall_hold(&recall, HELD);
	run_out_of_memory();
	assert_true(oom_recall_wanted(&recall));
	oom_recall_begin_pass(&recall);
	assert_false(oom_recall_wanted(&recall));
	oom_recall_hold(&recall, HELD / 2);
	assert_false(oom_recall_end_pass(&recall));
}

RUN_TESTS(NULL, NULL,
		TEST(nobody_waits_for_nothing),
		TEST(what_is_held_comes_back_with_the_end_of_the_pass),
		TEST(a_stopped_host_is_not_waited_for_for_ever),
		TEST(another_pass_is_another_matter),
)
