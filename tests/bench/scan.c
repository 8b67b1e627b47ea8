// SPDX-License-Identifier: GPL-2.0
/*
 * Times guest-kmod/scan/free_scan.c in user space on the memory of guests of several kinds, and
 * checks that it reports what is free. Usage: scan LABEL GIB; prints one CSV line per guest.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "guest-kmod/scan/free_scan.h"
#include "include/freehint/limits.h"
#include "proto/host_request.h"
#include "tests/fakes/guest_kernel.h"

#define BLOCK_PAGES	1024UL
#define GIB_PAGES	(1UL << 18)
#define GIB_ORDER	18U
#define ADVANCE_BLOCKS	64U
#define ROUND		1ULL
#define SCANS		5U

static u64 state = 88172645463325252ULL;
static unsigned long free_pages;

static unsigned long next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void make_free(unsigned long pfn, unsigned int order)
{
	guest_kernel_free(pfn, order);
	free_pages += 1UL << order;
}

/* What a kernel has in use after it booted: the first fiftieth, and a block a GiB. */
static void fill_fresh(unsigned long pages)
{
	unsigned long pfn;

	for (pfn = 0; pfn < pages; pfn += BLOCK_PAGES)
		if (pfn >= pages / 50 && pfn / BLOCK_PAGES % 256 != 7)
			make_free(pfn, 10);
}

static void fill_full(unsigned long pages)
{
}

/* A free page where the kernel keeps one in a hundred free. */
static void fill_nearly_full(unsigned long pages)
{
	unsigned long pfn;

	for (pfn = 0; pfn < pages; pfn += 100)
		make_free(pfn, 0);
}

static void fill_compound(unsigned long pages, unsigned int order)
{
	unsigned long pfn;

	for (pfn = 0; pfn < pages; pfn += 1UL << order)
		guest_kernel_compound(pfn, order);
}

static void fill_huge(unsigned long pages)
{
	fill_compound(pages, 9);
}

static void fill_gigantic(unsigned long pages)
{
	fill_compound(pages, GIB_ORDER);
}

static void fill_page_cache(unsigned long pages)
{
	fill_compound(pages, 2);
}

static void fill_fragmented(unsigned long pages)
{
	unsigned long pfn;

	for (pfn = 0; pfn < pages; pfn += 2)
		make_free(pfn, 0);
}

/* Free pages of any order between pages in use. */
static void fill_used(unsigned long pages)
{
	unsigned long pfn, run;

	for (pfn = 0; pfn < pages; pfn += run) {
		unsigned int most = pfn ? (unsigned int)__builtin_ctzl(pfn) : 10;
		unsigned int order = (unsigned int)(next_random() % 11);

		order = order < most ? order : most;
		run = 1UL << order;
		if (next_random() % 2)
			make_free(pfn, order);
	}
}

static const struct {
	const char *name;
	void (*fill)(unsigned long pages);
} guests[] = {
	{ "fresh", fill_fresh },
	{ "used", fill_used },
	{ "every second page free", fill_fragmented },
	{ "full: small pages", fill_full },
	{ "full: one page in 100 free", fill_nearly_full },
	{ "full: folios of 16 KiB", fill_page_cache },
	{ "full: huge pages of 2 MiB", fill_huge },
	{ "full: huge pages of 1 GiB", fill_gigantic },
};

/* CPU time of this thread: other programs of the machine do not count. */
static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Return: microseconds of CPU. */
static double scan_once(struct freehint_publisher *pub)
{
	struct free_scan_result result;
	double start = cpu_us();

	guest_kernel.holds = 0;
	freehint_open_round(pub, ROUND);
	free_scan_publish(pub, ADVANCE_BLOCKS, &result);
	if (pub->free != free_pages)
		errx(1, "%lu pages are free, %lu are reported", free_pages,
		     (unsigned long)pub->free);
	return cpu_us() - start;
}

/*
 * What a scan takes is the best of some. Holds are timed in scans of their own, since to
 * read the clock takes longer than a short hold; each hold is the best of these scans, so
 * one in which another program ran does not count.
 */
static void measure(const char *label, unsigned int guest, unsigned long gib,
		    struct freehint_publisher *pub)
{
	unsigned long i, most = gib * GIB_PAGES / BLOCK_PAGES;
	u64 *best = malloc(most * sizeof(*best));
	double scan = 1e12, held = 0;

	if (!best)
		err(1, "no memory");
	memset(best, 0xff, most * sizeof(*best));
	free_pages = 0;
	guest_kernel_init(gib * GIB_PAGES);
	guests[guest].fill(gib * GIB_PAGES);
	for (i = 0; i < SCANS; i++) {
		guest_kernel.best_ns = NULL;
		scan = min(scan, scan_once(pub));
		guest_kernel.best_ns = best;
		scan_once(pub);
	}
	for (i = 0; i < guest_kernel.holds; i++)
		held += (double)best[i] / 1e3;
	printf("%s,%s,%.1f,%.1f,%.1f,%.1f\n", guests[guest].name, label, scan / (double)gib,
	       held / (double)gib, min(100.0, 100 * held / scan),
	       (double)guest_kernel.holds / (double)gib);
	guest_kernel_exit();
	free(best);
}

int main(int argc, char **argv)
{
	struct freehint_publisher pub;
	unsigned long gib;
	unsigned int i;
	void *base;
	u64 size;

	if (argc != 3)
		errx(2, "usage: scan LABEL GIB");
	gib = strtoul(argv[2], NULL, 10);
	size = FREEHINT_MIN_REGION;
	while ((size - FREEHINT_HEADER_SIZE) * 8 < gib * GIB_PAGES)
		size *= 2;
	base = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (base == MAP_FAILED || freehint_write_host_hello(base, size, ROUND) ||
	    freehint_publisher_attach(&pub, base, size))
		errx(1, "no region of %lu bytes", (unsigned long)size);
	((struct freehint_shm *)base)->host_request.round = ROUND;
	for (i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
		measure(argv[1], i, gib, &pub);
	return 0;
}
