/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest programs share: sizes with a suffix, cheap random numbers,
 * status files that are never seen half written.
 */
#ifndef GUEST_UTIL_H
#define GUEST_UTIL_H

#include <err.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL

/* No shorter sleep keeps a pace. */
#define NAP_US		10000

/**
 * parse_size() - bytes from text such as "64M"
 * @text: a number with an optional K, M or G
 *
 * Return: bytes, a multiple of the page size; ends the program on nonsense.
 */
static inline size_t parse_size(const char *text)
{
	char *end;
	size_t value = strtoull(text, &end, 0);

	switch (*end) {
	case 'G':
		value <<= 10;
		/* fall through */
	case 'M':
		value <<= 10;
		/* fall through */
	case 'K':
		value <<= 10;
		end++;
		break;
	}
	if (*end || !value)
		errx(2, "not a size: %s (try 64M)", text);
	return (value + PAGE - 1) & ~(PAGE - 1);
}

/**
 * next_random() - xorshift64*; fast under emulation, good enough for content
 * @state: any number but 0
 *
 * Return: 64 random bits.
 */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

/** random_seed() - a seed that differs from process to process, never 0 */
static inline uint64_t random_seed(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ((uint64_t)ts.tv_nsec << 20 ^ ts.tv_sec ^ (uint64_t)getpid() << 40) | 1;
}

#define TEMPLATE_PAGES	64

/**
 * fill_random() - write content that no page of zeros is taken for
 * @mem:  memory
 * @size: bytes, a multiple of the page size
 *
 * Copying a random page and stamping it is several times faster under emulation than
 * computing every word, and no page compresses to zero.
 */
static inline void fill_random(char *mem, size_t size)
{
	static uint64_t template[TEMPLATE_PAGES * PAGE / 8];
	const char *bytes = (const char *)template;
	uint64_t state = random_seed();
	size_t at;

	for (at = 0; at < TEMPLATE_PAGES * PAGE / 8; at++)
		template[at] = next_random(&state);
	for (at = 0; at < size; at += PAGE) {
		memcpy(mem + at, bytes + at % (TEMPLATE_PAGES * PAGE), PAGE);
		*(uint64_t *)(mem + at) = next_random(&state);
	}
}

/**
 * map_memory() - fresh anonymous memory
 * @size: bytes
 * @huge: false keeps transparent huge pages out of it
 *
 * Return: the mapping; ends the program when there is none.
 */
static inline void *map_memory(size_t size, int huge)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		err(1, "mmap of %zu bytes", size);
	if (!huge)
		madvise(mem, size, MADV_NOHUGEPAGE);
	return mem;
}

/**
 * write_status() - replace a status file
 * @path:   the file
 * @format: printf format of its content
 *
 * The file is written beside @path and renamed, so that a reader sees all or
 * nothing.
 */
static inline void __attribute__((format(printf, 2, 3)))
write_status(const char *path, const char *format, ...)
{
	char temp[256];
	va_list args;
	FILE *file;

	snprintf(temp, sizeof(temp), "%.240s.new", path);
	file = fopen(temp, "w");
	if (!file)
		err(1, "%s", temp);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	if (fclose(file) || rename(temp, path))
		err(1, "%s", path);
}

/**
 * keep_pace() - sleep for as long as so many pages may take
 * @pages: dealt with since the last call
 * @rate:  pages a second; 0 for no limit
 *
 * What was missed is not made up. It sleeps in few long naps: each costs an emulated
 * processor a timer interrupt.
 */
static inline void keep_pace(uint64_t pages, uint64_t rate)
{
	static uint64_t due;
	struct timespec ts;
	uint64_t now;

	if (!rate)
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	due = (due > now ? due : now) + pages * 1000000 / rate;
	if (due > now + NAP_US)
		usleep(due - now);
}

#endif /* GUEST_UTIL_H */
