// SPDX-License-Identifier: GPL-2.0
/*
 * zerocheck SIZE STATUS [RATE]: fresh anonymous memory reads as zero. Maps up to SIZE in
 * blocks, counts every page that does not, dirties it and gives it back, for ever, so
 * much a second with RATE.
 * With init_on_free=1 the kernel relies on free pages that are zero already.
 */
#include "guest_util.h"

#include <string.h>

#define BLOCK_PAGES	512

struct tally {
	uint64_t pages;
	uint64_t violations;
};

static int page_is_zero(const uint64_t *page)
{
	uint64_t any = 0;
	size_t i;

	for (i = 0; i < PAGE / 8; i++)
		any |= page[i];
	return !any;
}

/*
 * Write first: a read fault would map the shared zero page and prove nothing.
 * The word written is the last one, so all others are as the kernel gave them.
 */
static void check_block(uint64_t *mem, size_t pages, struct tally *tally)
{
	size_t i;

	for (i = 0; i < pages; i++) {
		uint64_t *page = mem + i * (PAGE / 8);

		page[PAGE / 8 - 1] = 1;
		page[PAGE / 8 - 1] = 0;
		tally->violations += !page_is_zero(page);
		tally->pages++;
		memset(page, 0xa5, PAGE);
	}
}

int main(int argc, char **argv)
{
	struct tally tally = { 0 };
	size_t size, at;
	uint64_t rate;

	if (argc < 3)
		errx(2, "usage: zerocheck SIZE STATUS [RATE]");
	size = parse_size(argv[1]);
	rate = argc > 3 ? parse_size(argv[3]) / PAGE : 0;
	for (;;) {
		uint64_t *mem = map_memory(size, 0);

		for (at = 0; at < size; at += BLOCK_PAGES * PAGE) {
			size_t left = (size - at) / PAGE;

			check_block(mem + at / 8, left < BLOCK_PAGES ? left : BLOCK_PAGES,
				    &tally);
			write_status(argv[2], "pages %llu\nviolations %llu\n",
				     (unsigned long long)tally.pages,
				     (unsigned long long)tally.violations);
			keep_pace(BLOCK_PAGES, rate);
		}
		munmap(mem, size);
	}
}
