/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A round gate and its apply thread, for the tests of the gate.
 */
/* links: host-agent/qemu-module/gate/round_gate.c */
/* links: host-agent/qemu-module/gate/round_history.c */
/* links: host-agent/qemu-module/gate/range_queue.c */
#ifndef FREEHINT_TEST_GATE_RIG_H
#define FREEHINT_TEST_GATE_RIG_H

#include <unistd.h>

#include "host-agent/common/clock.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "include/freehint/shm_layout.h"
#include "tests/fakes/silent_guest.h"
#include "tests/unit/unit.h"

/* The apply thread runs for the whole program; tests steer it by these. */
static pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;
static u64 applied_pages;
static u64 applying;
static u64 latest;
/* How long each call takes, microseconds. */
static unsigned int slow_us;

static u64 fake_apply(const struct gate_range *range)
{
	__atomic_store_n(&applying, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&hold);
	if (__atomic_load_n(&slow_us, __ATOMIC_SEQ_CST))
		usleep(slow_us);
	__atomic_add_fetch(&applied_pages, range->len >> FREEHINT_PAGE_SHIFT, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&hold);
	__atomic_store_n(&applying, 0, __ATOMIC_SEQ_CST);
	return range->len >> FREEHINT_PAGE_SHIFT;
}

static void *runner(void *opaque)
{
	gate_run(fake_apply, never_sealed);
	return NULL;
}

static int start_runner(void **state)
{
	pthread_t thread;

	if (gate_init() || gate_init())
		return -1;
	return pthread_create(&thread, NULL, runner, NULL);
}

static inline u64 pages(void)
{
	return __atomic_load_n(&applied_pages, __ATOMIC_SEQ_CST);
}

static inline void wait_for_pages(u64 want)
{
	for (int i = 0; i < 60000 && pages() != want; i++)
		usleep(1000);
	assert_int_equal(pages(), want);
}

static const struct gate_range two_pages = {
	.hva = (void *)0x10000, .len = 2 * FREEHINT_PAGE_SIZE,
};

static inline u64 open_now(void)
{
	u64 id;

	gate_begin_migration();
	id = gate_open(1, clock_us());
	gate_published();
	return id;
}

static inline void wait_until_applying(void)
{
	while (!__atomic_load_n(&applying, __ATOMIC_SEQ_CST))
		usleep(100);
}

#endif /* FREEHINT_TEST_GATE_RIG_H */
