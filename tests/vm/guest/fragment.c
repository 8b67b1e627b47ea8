// SPDX-License-Identifier: GPL-2.0
/*
 * fragment SIZE STATUS: writes SIZE, then frees it in pieces of 4 KiB to 1 MiB with one
 * page in use between each two, so that free memory is plenty and hardly a block of 4 MiB
 * is whole. Checks the pages in use for ever.
 */
#include "page_content.h"

/* Pieces of 2^0 to 2^8 pages. */
#define PIECE_ORDERS	9

/**
 * struct share - what one worker owns; the parent reads the counts
 * @kept:       pages in use
 * @checks:     pages looked at
 * @mismatches: of them, those with wrong content
 * @passes:     walks over all of them
 */
struct share {
	uint64_t kept;
	uint64_t checks;
	uint64_t mismatches;
	uint64_t passes;
};

/* Writes the page that stays and frees the piece behind it, over and over. */
static size_t break_up(char *mem, size_t pages, uint32_t *kept)
{
	uint64_t state = random_seed();
	size_t at = 0, count = 0, piece;

	while (at < pages) {
		page_write((struct page *)(mem + at * PAGE), at, 1);
		kept[count++] = (uint32_t)at++;
		piece = 1UL << next_random(&state) % PIECE_ORDERS;
		if (piece > pages - at)
			piece = pages - at;
		if (piece && madvise(mem + at * PAGE, piece * PAGE, MADV_DONTNEED))
			err(1, "madvise");
		at += piece;
	}
	return count;
}

static void check(const char *mem, const uint32_t *kept, struct share *share)
{
	size_t i;

	for (i = 0; i < share->kept; i++) {
		const struct page *page = (const struct page *)(mem + kept[i] * PAGE);

		share->mismatches += !page_is_good(page, kept[i], 1);
		share->checks++;
	}
	share->passes++;
}

static void work(size_t size, struct share *share)
{
	char *mem = map_memory(size, 0);
	uint32_t *kept = map_memory(size / PAGE * sizeof(*kept), 0);

	fill_random(mem, size);
	share->kept = break_up(mem, size / PAGE, kept);
	for (;;) {
		check(mem, kept, share);
		usleep(200000);
	}
}

static void report(const char *path, const struct share *shares, long workers)
{
	struct share sum = { .passes = UINT64_MAX };
	long i;

	for (i = 0; i < workers; i++) {
		sum.kept += shares[i].kept;
		sum.checks += shares[i].checks;
		sum.mismatches += shares[i].mismatches;
		if (shares[i].passes < sum.passes)
			sum.passes = shares[i].passes;
	}
	write_status(path, "kept %llu\nchecks %llu\npasses %llu\nmismatches %llu\n",
		     (unsigned long long)sum.kept, (unsigned long long)sum.checks,
		     (unsigned long long)sum.passes, (unsigned long long)sum.mismatches);
}

int main(int argc, char **argv)
{
	long workers = sysconf(_SC_NPROCESSORS_ONLN), i;
	struct share *shares;
	size_t size;

	if (argc != 3)
		errx(2, "usage: fragment SIZE STATUS");
	size = (parse_size(argv[1]) / (size_t)workers) & ~(PAGE - 1);
	shares = mmap(NULL, (size_t)workers * sizeof(*shares), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shares == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < workers; i++)
		if (!fork())
			work(size, &shares[i]);
	for (;;) {
		report(argv[2], shares, workers);
		usleep(200000);
	}
}
