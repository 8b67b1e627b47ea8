// SPDX-License-Identifier: GPL-2.0
/*
 * twist KIND SIZE STATUS RATE [PATH]: owns SIZE of memory of one kind, and checks, writes
 * and gives back random runs of its pages for ever, so much a second unless RATE is "-",
 * in the ways that make this kind move in the kernel. Every page proves its content, one
 * given back that it is zero.
 *
 *	thp	anonymous, huge pages are made and broken
 *	ksm	anonymous, few contents, merged and unmerged
 *	fork	anonymous, shared with children that write their copy and exit
 *	file	a file on tmpfs, mapped; holes are punched, it shrinks and grows
 *	block	a block device through the page cache, which is dropped
 */
#define _GNU_SOURCE
#include "page_content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#define RUN_PAGES	64
#define STEPS_PER_TURN	32
#define TURNS_PER_WALK	4

/* KSM merges equal pages only: so few contents, and none depends on the page. */
#define KSM_CONTENTS	8

#define CHILDREN	4

struct tally {
	uint64_t turns;
	uint64_t walks;
	uint64_t checks;
	uint64_t mismatches;
	uint64_t zero_pages;
	uint64_t old_pages;
};

/**
 * struct kind - a kind of memory
 * @name:  as on the command line
 * @open:  make @count pages, all zero
 * @get:   a page to look at, valid until the next get or put
 * @put:   write a generation of a page
 * @drop:  give pages back: they read as zero
 * @turn:  whatever makes this kind move, now and then
 */
struct kind {
	const char *name;
	void (*open)(const char *path);
	const struct page *(*get)(size_t index);
	void (*put)(size_t index, uint32_t generation);
	void (*drop)(size_t first, size_t pages);
	void (*turn)(void);
};

static const struct kind *kind;
static struct page *mem;
static size_t count;
static uint32_t *generations;	/* 0: the page has to be zero */
static int fd = -1;
static uint64_t state;
static struct tally tally;
static uint64_t rate;		/* pages a second, 0 for no limit */

static size_t below(size_t limit)
{
	return next_random(&state) % limit;
}

/* What page_write() was told. */
static uint64_t content_index(size_t index)
{
	return strcmp(kind->name, "ksm") ? index : 0;
}

static uint64_t content_generation(uint32_t generation)
{
	return strcmp(kind->name, "ksm") ? generation : 1 + generation % KSM_CONTENTS;
}

static void check_page(size_t index)
{
	const struct page *page = kind->get(index);
	uint64_t generation = content_generation(generations[index]);

	tally.checks++;
	if (generations[index] ? page_is_good(page, content_index(index), generation) :
				 page_is_zero(page))
		return;
	tally.mismatches++;
	if (page_is_zero(page))
		tally.zero_pages++;
	else if (page->index == content_index(index) && page->generation < generation)
		tally.old_pages++;
	fprintf(stderr, "page %zu: generation %u expected, found %llx %llx ... %llx\n", index,
		generations[index], (unsigned long long)page->index,
		(unsigned long long)page->generation, (unsigned long long)page->sum);
	/* Counted once. */
	kind->put(index, ++generations[index]);
}

static void write_pages(size_t first, size_t pages)
{
	size_t i;

	for (i = first; i < first + pages; i++)
		kind->put(i, ++generations[i]);
}

static void drop_pages(size_t first, size_t pages)
{
	kind->drop(first, pages);
	memset(generations + first, 0, pages * sizeof(*generations));
}

static void step(void)
{
	size_t pages = 1 + below(RUN_PAGES);
	size_t first = below(count - pages);
	size_t i;

	for (i = first; i < first + pages; i++)
		check_page(i);
	if (below(4))
		write_pages(first, pages);
	else
		drop_pages(first, pages);
	keep_pace(pages, rate);
}

/* Memory. */

static const struct page *mem_get(size_t index)
{
	return &mem[index];
}

static void mem_put(size_t index, uint32_t generation)
{
	page_write(&mem[index], content_index(index), content_generation(generation));
}

static void mem_drop(size_t first, size_t pages)
{
	if (madvise(mem + first, pages * PAGE, MADV_DONTNEED))
		err(1, "MADV_DONTNEED");
}

static void advise(int advice)
{
	if (madvise(mem, count * PAGE, advice))
		err(1, "madvise %d of %zu pages", advice, count);
}

static void thp_open(const char *path)
{
	(void)path;
	mem = map_memory(count * PAGE, 1);
	advise(MADV_HUGEPAGE);
}

/* A whole part is freed and touched again: fresh huge pages. */
static void thp_turn(void)
{
	size_t part = count / 8;
	size_t first = below(8) * part;

	drop_pages(first, part);
	write_pages(first, part);
}

static void ksm_open(const char *path)
{
	(void)path;
	mem = map_memory(count * PAGE, 0);
	advise(MADV_MERGEABLE);
}

static void ksm_turn(void)
{
	if (below(16))
		return;
	advise(MADV_UNMERGEABLE);
	advise(MADV_MERGEABLE);
}

/* Fork. */

static void fork_open(const char *path)
{
	(void)path;
	mem = map_memory(count * PAGE, 0);
}

/* The child's copy is its own: what it writes it finds, and nobody else does. */
static int child(void)
{
	size_t i, n;

	state = random_seed();
	tally.mismatches = 0;
	for (n = 0; n < count / 16; n++) {
		i = below(count);
		check_page(i);
		generations[i] += 1 << 20;
		mem_put(i, generations[i]);
	}
	for (i = 0; i < count; i++)
		check_page(i);
	return tally.mismatches != 0;
}

static void fork_turn(void)
{
	int i, status;

	for (i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid)
			_exit(child());
		step();
	}
	while (wait(&status) > 0)
		tally.mismatches += status != 0;
}

/* A file on tmpfs. */

static void file_map(void)
{
	mem = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		err(1, "mmap of a file");
}

static void file_open(const char *path)
{
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, count * PAGE))
		err(1, "%s", path);
	file_map();
}

static void file_drop(size_t first, size_t pages)
{
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first * PAGE,
		      pages * PAGE))
		err(1, "punch a hole");
}

static void file_turn(void)
{
	size_t keep = count - below(count / 4);

	munmap(mem, count * PAGE);
	if (ftruncate(fd, keep * PAGE) || ftruncate(fd, count * PAGE))
		err(1, "ftruncate");
	memset(generations + keep, 0, (count - keep) * sizeof(*generations));
	file_map();
}

/* A block device. */

static struct page buffer;

static const struct page *block_get(size_t index)
{
	if (pread(fd, &buffer, PAGE, index * PAGE) != PAGE)
		err(1, "read page %zu", index);
	return &buffer;
}

static void block_write(size_t index)
{
	if (pwrite(fd, &buffer, PAGE, index * PAGE) != PAGE)
		err(1, "write page %zu", index);
}

static void block_put(size_t index, uint32_t generation)
{
	page_write(&buffer, index, generation);
	block_write(index);
}

static void block_drop(size_t first, size_t pages)
{
	size_t i;

	memset(&buffer, 0, sizeof(buffer));
	for (i = first; i < first + pages; i++)
		block_write(i);
}

static void block_turn(void)
{
	if (fdatasync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		err(1, "drop the cache");
}

static void block_open(const char *path)
{
	fd = open(path, O_RDWR);
	if (fd < 0)
		err(1, "%s", path);
	block_drop(0, count);
	block_turn();
}

static const struct kind kinds[] = {
	{ "thp", thp_open, mem_get, mem_put, mem_drop, thp_turn },
	{ "ksm", ksm_open, mem_get, mem_put, mem_drop, ksm_turn },
	{ "fork", fork_open, mem_get, mem_put, mem_drop, fork_turn },
	{ "file", file_open, mem_get, mem_put, file_drop, file_turn },
	{ "block", block_open, block_get, block_put, block_drop, block_turn },
};

static void find_kind(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			kind = &kinds[i];
	if (!kind)
		errx(2, "no kind of memory: %s", name);
}

static void report(const char *path)
{
	write_status(path,
		     "turns %llu\nwalks %llu\nchecks %llu\nmismatches %llu\nzero %llu\nold %llu\n",
		     (unsigned long long)tally.turns, (unsigned long long)tally.walks,
		     (unsigned long long)tally.checks, (unsigned long long)tally.mismatches,
		     (unsigned long long)tally.zero_pages, (unsigned long long)tally.old_pages);
}

static void walk(void)
{
	size_t i;

	for (i = 0; i < count; i++)
		check_page(i);
	tally.walks++;
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 5)
		errx(2, "usage: twist KIND SIZE STATUS RATE [PATH]");
	find_kind(argv[1]);
	count = parse_size(argv[2]) / PAGE;
	rate = strcmp(argv[4], "-") ? parse_size(argv[4]) / PAGE : 0;
	generations = map_memory(count * sizeof(*generations), 0);
	state = random_seed();
	kind->open(argv[5]);
	for (;; tally.turns++) {
		for (i = 0; i < STEPS_PER_TURN; i++)
			step();
		kind->turn();
		if (!(tally.turns % TURNS_PER_WALK))
			walk();
		report(argv[3]);
	}
}
