// SPDX-License-Identifier: GPL-2.0
/*
 * Another user of ivshmem: maps a BAR through sysfs and uses it for ever. Usage:
 * holdbar RESOURCE-FILE STATUS-FILE. The status says how often all of it was written
 * and read back, and how many words were wrong.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "guest_util.h"

#define WORDS	(PAGE / sizeof(uint64_t))

static volatile uint64_t *map_bar(const char *path, size_t *words)
{
	int fd = open(path, O_RDWR | O_SYNC);
	struct stat st;
	void *bar;

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	bar = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bar == MAP_FAILED)
		err(1, "mapping %s", path);
	*words = st.st_size / sizeof(uint64_t);
	return bar;
}

/*
 * The last word of each page, which in a region of freehint is not part of a hello.
 * Return: how many did not keep what was written.
 */
static size_t use_bar(volatile uint64_t *bar, size_t words, uint64_t round)
{
	size_t wrong = 0, i;

	for (i = WORDS - 1; i < words; i += WORDS)
		bar[i] = round ^ i;
	for (i = WORDS - 1; i < words; i += WORDS)
		wrong += bar[i] != (round ^ i);
	return wrong;
}

int main(int argc, char **argv)
{
	size_t words, wrong = 0;
	volatile uint64_t *bar;
	uint64_t round;

	if (argc != 3)
		errx(2, "usage: holdbar RESOURCE-FILE STATUS-FILE");
	bar = map_bar(argv[1], &words);
	for (round = 1; ; round++) {
		wrong += use_bar(bar, words, round);
		write_status(argv[2], "rounds %lu\nwrong %zu\n", round, wrong);
		usleep(50000);
	}
}
