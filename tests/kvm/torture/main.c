// SPDX-License-Identifier: GPL-2.0
/*
 * The torture guest: uses memory at random, and tells its host which pages are free.
 * One processor does both, in turns; a second one, if ordered, only uses memory.
 */
#include "mutator.h"
#include "pages.h"
#include "pci.h"
#include "report.h"
#include "round.h"

/*
 * Polls for each step. QEMU's passes are as long as what was written in the last
 * one; hot pages and a few others make them short and keep them from ending.
 */
#define POLLS		8

/* The local APIC's command register; "to all but me" needs no address. */
#define APIC_COMMAND	((volatile u32 *)0xfee00300)
#define APIC_INIT	0x000c4500U
#define APIC_START	(0x000c4600U | ROM_PAGE)
#define APIC_WAIT	30000000	/* cycles: more than the 10 ms that are wanted */

static struct mutator mutators[2];

void guest_main(u64 cpu, u64 level) __attribute__((noreturn));

static void __attribute__((noreturn)) give_up(enum fault fault)
{
	report()->fault = fault;
	for (;;)
		relax();
}

static void wait_cycles(u64 n)
{
	u64 start = cycles();

	while (cycles() - start < n)
		relax();
}

static void start_second(void)
{
	*APIC_COMMAND = APIC_INIT;
	wait_cycles(APIC_WAIT);
	*APIC_COMMAND = APIC_START;
}

static void __attribute__((noreturn)) run_second(void)
{
	for (;;) {
		if (random_one_in(&mutators[1].random, POLLS))
			mutate(&mutators[1]);
		mutator_pause(&mutators[1]);
	}
}

static void __attribute__((noreturn)) run_first(void)
{
	struct mutator *mutator = &mutators[0];

	for (;;) {
		round_poll(mutator);
		if (random_one_in(&mutator->random, POLLS))
			mutate(mutator);
		mutator_pause(mutator);
	}
}

/* After a reset memory has its old content. */
static void clear_data(void)
{
	volatile u64 *word;

	for (word = (u64 *)MAP_DATA; word < (u64 *)MAP_DATA_END; word++)
		*word = 0;
}

void guest_main(u64 cpu, u64 level)
{
	u64 size;

	if (!cpu)
		clear_data();
	count(cpus, 1);
	if (cpu)
		run_second();
	report()->level = level;
	mutator_init(&mutators[0], orders()->seed, 0);
	mutator_init(&mutators[1], orders()->seed, 1);
	pages_init(orders()->first, orders()->pages);
	size = pci_map_region(MAP_REGION);
	if (!size)
		give_up(FAULT_NO_DEVICE);
	round_init((void *)MAP_REGION, size);
	if (orders()->cpus > 1)
		start_second();
	run_first();
}
