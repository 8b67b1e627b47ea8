/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU's main loop for fake_qemu.c, which alone includes this: new memory, bottom halves
 * and a timer, called when a test says so; and who holds the region's memory.
 */
#ifndef FREEHINT_FAKE_MAIN_LOOP_H
#define FREEHINT_FAKE_MAIN_LOOP_H

#include <stdlib.h>

#include "fake_qemu.h"

/* What the clock shows: the time of day does not matter, only that it is not 0. */
#define NOW_NS	((int64_t)fake.clock_us * 1000 + 5)

static char a_context;

/* Counts what is held of the region's memory, which is no block here. */
static void pin(const MemoryRegion *mr, int more)
{
	if (mr == (const MemoryRegion *)&a_backend[0] ||
	    mr == (const MemoryRegion *)&a_backend[1])
		fake.pins += more;
}

static void add_memory_notifier(struct qemu_ram_notifier *n)
{
	fake.memory = n;
}

static void *main_context(void) { return &a_context; }

static void schedule(void *context, qemu_call_fn *fn, void *opaque, const char *name)
{
	/* One look is enough, however many blocks there are. */
	if (context != &a_context || fake.bottom_half)
		abort();
	fake.bottom_half = fn;
}

static int64_t clock_ns(int clock) { return clock == QEMU_CLOCK_REALTIME ? NOW_NS : -1; }

/* The slot of a timer; a timer that is initialised again keeps its own. */
static struct fake_timer *slot_of(const struct qemu_timer *timer)
{
	unsigned int i = 0;

	while (i < FAKE_MAX_TIMERS && fake.timer[i].timer && fake.timer[i].timer != timer)
		i++;
	if (i == FAKE_MAX_TIMERS)
		abort();
	return &fake.timer[i];
}

static void init_timer(struct qemu_timer *timer, void *lists, int clock, int scale,
		       int attributes, qemu_call_fn *fn, void *opaque)
{
	if (lists || clock != QEMU_CLOCK_REALTIME || scale != QEMU_SCALE_NS || attributes)
		abort();
	*slot_of(timer) = (struct fake_timer){ .timer = timer, .fn = fn };
}

static void set_timer(struct qemu_timer *timer, int64_t expires)
{
	struct fake_timer *slot = slot_of(timer);

	slot->set = expires >= NOW_NS;
	slot->ns = expires - NOW_NS;
	fake.timer_set = slot->set;
}

void fake_memory_added(void)
{
	qemu_call_fn *fn;

	fake.memory->added(fake.memory, NULL, 0, 0);
	fake.memory->added(fake.memory, NULL, 0, 0);
	fn = fake.bottom_half;
	fake.bottom_half = NULL;
	fn(NULL);
}

void fake_time_passes(void)
{
	bool due[FAKE_MAX_TIMERS];
	unsigned int i;

	fake.timer_set = false;
	for (i = 0; i < FAKE_MAX_TIMERS; i++) {
		due[i] = fake.timer[i].set;
		fake.timer[i].set = false;
	}
	for (i = 0; i < FAKE_MAX_TIMERS; i++)
		if (due[i])
			fake.timer[i].fn(NULL);
}

static void init_main_loop(void)
{
	qemu.ram_block_notifier_add = add_memory_notifier;
	qemu.qemu_get_aio_context = main_context;
	qemu.aio_bh_schedule_oneshot_full = schedule;
	qemu.qemu_clock_get_ns = clock_ns;
	qemu.timer_init_full = init_timer;
	qemu.timer_mod_ns = set_timer;
}

#endif /* FREEHINT_FAKE_MAIN_LOOP_H */
