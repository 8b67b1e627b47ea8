// SPDX-License-Identifier: GPL-2.0
/*
 * The guest of the simulation: memory in a pattern, published block by block as
 * guest-kmod/scan/free_scan.c does.
 */
#include <err.h>
#include <string.h>

#include "include/freehint/shm_layout.h"
#include "tests/bench/scale_guest.h"

#define BLOCK_PAGES	1024ULL
#define BLOCK_WORDS	(BLOCK_PAGES / FREEHINT_WORD_BITS)
#define GIB_BLOCKS	256ULL
#define ADVANCE_BLOCKS	64ULL
#define MAX_ORDER	10

static u64 state = 88172645463325252ULL;
static u64 free_pages;

static u64 next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* The struct pages, and what a kernel has here and there. */
static void idle_block(u64 *words, u64 block, u64 blocks)
{
	bool used = block < blocks / 50 || block % GIB_BLOCKS == 7;

	memset(words, used ? 0 : 0xff, BLOCK_WORDS * sizeof(*words));
}

static void used_block(u64 *words, u64 block, u64 blocks)
{
	static u64 left;
	static bool is_free;
	u64 i;

	memset(words, 0, BLOCK_WORDS * sizeof(*words));
	for (i = 0; i < BLOCK_PAGES; i++) {
		if (!left) {
			left = 1ULL << next_random() % (MAX_ORDER + 1);
			is_free = !is_free;
		}
		left--;
		if (is_free)
			words[i / FREEHINT_WORD_BITS] |= 1ULL << i % FREEHINT_WORD_BITS;
	}
}

static void worst_block(u64 *words, u64 block, u64 blocks)
{
	memset(words, 0x55, BLOCK_WORDS * sizeof(*words));
}

typedef void block_fn(u64 *words, u64 block, u64 blocks);

static block_fn *find_pattern(const char *name)
{
	if (!strcmp(name, "idle"))
		return idle_block;
	if (!strcmp(name, "used"))
		return used_block;
	if (strcmp(name, "worst") != 0)
		errx(2, "no pattern '%s' (idle, used, worst)", name);
	return worst_block;
}

void scale_guest_publish(struct freehint_publisher *pub, u64 round, u64 pages,
			 const char *pattern)
{
	const struct freehint_seal_facts facts = { .status = FREEHINT_SEAL_COMPLETE };
	u64 words[BLOCK_WORDS], block, blocks = pages / BLOCK_PAGES;
	block_fn *fill = find_pattern(pattern);

	freehint_open_round(pub, round);
	for (block = 0; block < blocks; block++) {
		fill(words, block, blocks);
		freehint_put_words(pub, words, BLOCK_WORDS);
		if (block % ADVANCE_BLOCKS == ADVANCE_BLOCKS - 1)
			freehint_advance(pub);
	}
	freehint_seal_round(pub, &facts);
	free_pages = pub->free;
}

u64 scale_guest_free(void)
{
	return free_pages;
}
