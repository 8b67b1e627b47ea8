// SPDX-License-Identifier: GPL-2.0
/*
 * churn SIZE STATUS [RATE]: allocates blocks of many sizes up to SIZE in all, writes them,
 * checks them a little later and frees them, for ever. Pages wander between free
 * and used all the time, and a used one that lost its content is counted. With RATE it
 * writes so much a second and no more.
 */
#include "guest_util.h"

#define SLOTS		64

struct block {
	uint64_t *mem;
	size_t pages;
	uint64_t stamp;
};

struct tally {
	uint64_t blocks;
	uint64_t pages;
	uint64_t mismatches;
};

/* Mostly small blocks, now and then one that takes whole max-order blocks. */
static size_t draw_pages(uint64_t *state, size_t limit)
{
	unsigned int order = next_random(state) % 12;
	size_t pages = 1 + next_random(state) % (1UL << order);

	return pages < limit ? pages : limit;
}

static void fill_block(struct block *block)
{
	size_t i;

	for (i = 0; i < block->pages; i++) {
		uint64_t *page = block->mem + i * (PAGE / 8);

		page[0] = block->stamp + i;
		page[PAGE / 16] = ~(block->stamp + i);
		page[PAGE / 8 - 1] = block->stamp ^ i;
	}
}

static uint64_t check_block(const struct block *block)
{
	uint64_t wrong = 0;
	size_t i;

	for (i = 0; i < block->pages; i++) {
		const uint64_t *page = block->mem + i * (PAGE / 8);

		wrong += page[0] != block->stamp + i ||
			 page[PAGE / 16] != ~(block->stamp + i) ||
			 page[PAGE / 8 - 1] != (block->stamp ^ i);
	}
	return wrong;
}

static void turn_slot(struct block *block, size_t limit, uint64_t *state,
		      struct tally *tally)
{
	if (block->mem) {
		tally->mismatches += check_block(block);
		munmap(block->mem, block->pages * PAGE);
	}
	block->pages = draw_pages(state, limit);
	block->stamp = next_random(state);
	block->mem = map_memory(block->pages * PAGE, block->stamp & 1);
	fill_block(block);
	tally->blocks++;
	tally->pages += block->pages;
}

int main(int argc, char **argv)
{
	static struct block slots[SLOTS];
	uint64_t state = random_seed();
	struct tally tally = { 0 };
	uint64_t rate, before;
	size_t limit;

	if (argc < 3)
		errx(2, "usage: churn SIZE STATUS [RATE]");
	rate = argc > 3 ? parse_size(argv[3]) / PAGE : 0;
	limit = parse_size(argv[1]) / PAGE / SLOTS;
	for (;;) {
		before = tally.pages;
		turn_slot(&slots[next_random(&state) % SLOTS], limit ? limit : 1, &state,
			  &tally);
		keep_pace(tally.pages - before, rate);
		if (!(tally.blocks % 64))
			write_status(argv[2], "blocks %llu\npages %llu\nmismatches %llu\n",
				     (unsigned long long)tally.blocks,
				     (unsigned long long)tally.pages,
				     (unsigned long long)tally.mismatches);
	}
}
