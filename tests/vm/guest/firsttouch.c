// SPDX-License-Identifier: GPL-2.0
/*
 * firsttouch SIZE: have the kernel give SIZE of memory, page by page, and say how long that
 * took in all, milliseconds, and for a page: median and worst, microseconds. A page comes
 * from the free ones; after a switch to postcopy the host may have to fetch it first.
 */
#include "guest_util.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int by_size(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
	uint64_t *took, start, sum = 0;
	size_t size, pages, i;
	char *mem;

	if (argc != 2)
		errx(2, "usage: firsttouch SIZE");
	size = parse_size(argv[1]);
	pages = size / PAGE;
	mem = map_memory(size, 0);
	took = map_memory(pages * sizeof(*took), 0);
	/* its own pages first */
	memset(took, 0, pages * sizeof(*took));
	for (i = 0; i < pages; i++) {
		start = now_ns();
		if (mem[i * PAGE])
			errx(1, "page %zu of fresh memory is not zero", i);
		mem[i * PAGE] = 1;
		took[i] = now_ns() - start;
		sum += took[i];
	}
	qsort(took, pages, sizeof(*took), by_size);
	printf("pages %zu\nmedian_us %.1f\nworst_us %.1f\nall_ms %.1f\n", pages,
	       took[pages / 2] / 1e3, took[pages - 1] / 1e3, sum / 1e6);
	return 0;
}
