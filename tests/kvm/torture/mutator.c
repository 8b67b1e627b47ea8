// SPDX-License-Identifier: GPL-2.0
/*
 * Random use of memory: takes, fills, fills again and frees pages.
 *
 * Pages come and go in runs of up to 96, anywhere, so that runs begin and end
 * inside the words, chunks and blocks of everybody else. Half of what is taken is
 * kept until the next check. Filling may come long after taking: the page left
 * the allocator, but the write that makes its content count is yet to come.
 */
#include "mutator.h"
#include "pages.h"
#include "report.h"

#define RUN		96

/* Parts of memory in use, in percent: below, pages are taken; above, freed. */
#define USED_LOW	25
#define USED_HIGH	60
/* Above this nothing more is kept. */
#define USED_KEEP	45

void mutator_init(struct mutator *mutator, u64 seed, u64 cpu)
{
	mutator->random.state = (seed + cpu + 1) * 0x9e3779b97f4a7c15ULL | 1;
	mutator->count = 0;
}

static u64 percent_used(void)
{
	return pages_used() * 100 / (pages_end() - pages_first());
}

/* Hot pages stay hot. */
static bool shall_keep(struct mutator *mutator, u64 pfn)
{
	return pfn >= pages_first() + orders()->heat && percent_used() < USED_KEEP &&
	       random_one_in(&mutator->random, 2);
}

/* A run of pages: its first, its end in @end. */
static u64 some_run(struct mutator *mutator, u64 *end)
{
	u64 pages = pages_end() - pages_first();
	u64 first = pages_first() + random_below(&mutator->random, pages);
	u64 most = random_one_in(&mutator->random, 4) ? RUN : 4;

	*end = first + 1 + random_below(&mutator->random, most);
	if (*end > pages_end())
		*end = pages_end();
	return first;
}

static void fill_or_put_off(struct mutator *mutator, u64 pfn)
{
	if (mutator->count < MUTATOR_LATER && random_one_in(&mutator->random, 4))
		mutator->later[mutator->count++] = pfn;
	else
		page_fill(pfn, shall_keep(mutator, pfn));
}

static void take_run(struct mutator *mutator)
{
	u64 end, pfn = some_run(mutator, &end);

	for (; pfn < end; pfn++)
		if (page_take(pfn))
			fill_or_put_off(mutator, pfn);
}

static void free_run(struct mutator *mutator)
{
	u64 end, pfn = some_run(mutator, &end);

	for (; pfn < end; pfn++)
		if (page_claim(pfn))
			page_free(pfn);
}

static void fill_again(struct mutator *mutator)
{
	u64 end, pfn = some_run(mutator, &end);

	for (; pfn < end; pfn++)
		if (page_claim(pfn))
			page_fill(pfn, false);
}

static void fill_what_was_put_off(struct mutator *mutator)
{
	u64 pfn;

	while (mutator->count && !random_one_in(&mutator->random, 8)) {
		pfn = mutator->later[--mutator->count];
		page_fill(pfn, shall_keep(mutator, pfn));
	}
}

/* The same pages again and again: QEMU always finds something to send. */
static void heat(struct mutator *mutator)
{
	u64 pfn = pages_first() + random_below(&mutator->random, orders()->heat);

	if (page_claim(pfn) || page_take(pfn))
		page_fill(pfn, false);
}

static void take_or_free(struct mutator *mutator)
{
	u64 percent = percent_used();
	bool take = random_one_in(&mutator->random, 2);

	if (percent < USED_LOW || (percent < USED_HIGH && take))
		take_run(mutator);
	else
		free_run(mutator);
}

void mutate(struct mutator *mutator)
{
	switch (random_below(&mutator->random, 8)) {
	case 0:
		fill_again(mutator);
		break;
	case 1:
		fill_what_was_put_off(mutator);
		break;
	default:
		take_or_free(mutator);
	}
}

void mutator_pause(struct mutator *mutator)
{
	u64 length = random_below(&mutator->random, orders()->pause), start = cycles();
	u64 next = start;

	while (cycles() - start < length) {
		if (orders()->heat && cycles() >= next) {
			heat(mutator);
			next = cycles() + orders()->beat;
		}
		relax();
	}
}

void mutate_some(struct mutator *mutator)
{
	u64 steps = 0;

	if (random_one_in(&mutator->random, 8))
		random_pause(&mutator->random, orders()->linger);
	if (random_one_in(&mutator->random, 8))
		steps = random_below(&mutator->random, 4);
	while (steps--)
		mutate(mutator);
}
