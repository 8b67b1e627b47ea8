// SPDX-License-Identifier: GPL-2.0
/*
 * pagecheck SIZE STATUS [idle|RATE]: owns SIZE of memory whose every page proves its
 * content. Loops for ever: check a page, write its next generation, so much a second
 * with RATE. With "idle" it only checks once it has written everything, so most pages
 * stay untouched.
 */
#include "page_content.h"

#include <string.h>

#define CHUNK		(8UL << 20)
#define PACE_PAGES	64

struct tally {
	uint64_t checks;
	uint64_t passes;
	uint64_t mismatches;
	uint64_t zero_pages;
	uint64_t old_pages;
};

static void page_mismatch(struct tally *tally, const struct page *page, uint64_t index,
			  uint64_t generation)
{
	tally->mismatches++;
	if (!page->index && !page->generation && !page->sum)
		tally->zero_pages++;
	else if (page->index == index && page->generation < generation)
		tally->old_pages++;
}

static void report(const char *path, const struct tally *tally)
{
	write_status(path, "checks %llu\npasses %llu\nmismatches %llu\nzero %llu\nold %llu\n",
		     (unsigned long long)tally->checks, (unsigned long long)tally->passes,
		     (unsigned long long)tally->mismatches,
		     (unsigned long long)tally->zero_pages,
		     (unsigned long long)tally->old_pages);
}

/* One walk; a mismatch is counted once and then written over. */
static void walk(struct page *pages, uint32_t *generations, size_t count, int idle,
		 uint64_t rate, const char *status, struct tally *tally)
{
	size_t i;

	for (i = 0; i < count; i++) {
		int good = page_is_good(&pages[i], i, generations[i]);

		if (!good)
			page_mismatch(tally, &pages[i], i, generations[i]);
		if (!good || !idle)
			page_write(&pages[i], i, ++generations[i]);
		tally->checks++;
		if (!(i % PACE_PAGES))
			keep_pace(PACE_PAGES, rate);
		if (!(i % (CHUNK / PAGE)))
			report(status, tally);
	}
}

int main(int argc, char **argv)
{
	struct tally tally = { 0 };
	uint32_t *generations;
	struct page *pages;
	size_t size, count, i;
	uint64_t rate = 0;
	int idle;

	if (argc < 3)
		errx(2, "usage: pagecheck SIZE STATUS [idle|RATE]");
	size = parse_size(argv[1]);
	idle = argc > 3 && !strcmp(argv[3], "idle");
	if (argc > 3 && !idle)
		rate = parse_size(argv[3]) / PAGE;
	count = size / PAGE;
	pages = map_memory(size, 0);
	generations = map_memory(count * sizeof(*generations), 0);
	for (i = 0; i < count; i++)
		page_write(&pages[i], i, generations[i] = 1);
	for (;;) {
		walk(pages, generations, count, idle, rate, argv[2], &tally);
		tally.passes++;
		report(argv[2], &tally);
		if (idle)
			usleep(200000);
	}
}
