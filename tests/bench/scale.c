// SPDX-License-Identifier: GPL-2.0
/*
 * Guests of terabytes, simulated: the real code of publishing, reading, converting and
 * mark-clean on a region and a dirty bitmap of their size; no guest, no QEMU.
 *
 * scale TIB PATTERN writes one CSV line. Each stage has its own clock. At the end the
 * dirty bitmap must have lost exactly the pages of the ranges that were taken.
 */
#define _GNU_SOURCE
#include <err.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "host-agent/common/clock.h"
#include "host-agent/agent/round/hint_round.h"
#include "host-agent/qemu-module/core/arm.h"
#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/round/mark_clean.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "host-agent/agent/migration/stats.h"
#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"
#include "tests/bench/scale_guest.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/fakes/fake_qobject.h"
#include "tests/fakes/guest_voice.h"
#include "tests/fakes/silent_guest.h"

#define TIB		(1ULL << 40)
#define MAX_TIB		64
#define WORD_BITS	64

/**
 * struct stages - microseconds and counts of one run
 * @publish:  the guest's words, watermark and seal
 * @convert:  the agent's copies, checks and ranges
 * @mark:     mark-clean commands, with the big lock held in a QEMU
 * @apply:    CPU time of clearing the dirty bitmap
 * @total:    from the first look at the region to the last range applied
 * @ranges:   that the agent made
 * @taken:    pages of the ranges that were taken
 * @commands: sent
 * @refused:  of them
 * @room:     ranges that may be sent, by the last answer
 */
static struct stages {
	u64 publish;
	u64 convert;
	u64 mark;
	u64 apply;
	u64 total;
	u64 ranges;
	u64 taken;
	u64 commands;
	u64 refused;
	u64 room;
} stages;

/* One bit for each page, as QEMU has it; all set at the start of a migration. */
static u64 *dirty;
static u64 cleared;
static u8 *ram;

static struct agent_stats stats;
static int file;

static void *map(u64 size, int flags)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap of %llu bytes", (unsigned long long)size);
	return memory;
}

/* What bitmap_test_and_clear() and the count do in ramblock_sync and ram.c. */
static void clear_bits(u64 page, u64 pages)
{
	u64 end = page + pages, mask, bits;

	while (page < end) {
		bits = WORD_BITS - page % WORD_BITS;
		if (bits > end - page)
			bits = end - page;
		mask = (bits == WORD_BITS ? ~0ULL : (1ULL << bits) - 1) << page % WORD_BITS;
		cleared += (u64)__builtin_popcountll(dirty[page / WORD_BITS] & mask);
		dirty[page / WORD_BITS] &= ~mask;
		page += bits;
	}
}

static u64 thread_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (u64)ts.tv_sec * 1000000 + (u64)ts.tv_nsec / 1000;
}

static u64 apply(const struct gate_range *range)
{
	u64 start = thread_us(), before = cleared;

	clear_bits((u64)((u8 *)range->hva - ram) >> FREEHINT_PAGE_SHIFT,
		   range->len >> FREEHINT_PAGE_SHIFT);
	stages.apply += thread_us() - start;
	return cleared - before;
}

static void *apply_thread(void *opaque)
{
	gate_run(apply, never_sealed);
	return NULL;
}

static void make_qemu(u64 bytes, u64 bar)
{
	const char *why;

	fake_qemu_init();
	fake_qobject_init();
	fake.chunk_shift = 18;
	ram = fake_add_block(0, bytes)->host;
	fake.shm = map(bar, 0);
	fake.shm_size = bar;
	dirty = map(bytes >> FREEHINT_PAGE_SHIFT >> 3, MAP_POPULATE);
	memset(dirty, 0xff, bytes >> FREEHINT_PAGE_SHIFT >> 3);
	if (bar_init("freehint") || !bar_attach(&why) || gate_init())
		errx(1, "the extension does not start");
	bar_publish_hello();
}

/* As the agent does it; returns false when the command was refused. */
static bool mark(u64 round, const struct freehint_range *ranges, u32 count, bool last)
{
	QObject *ret = NULL;
	Error *error = NULL;
	json_t *args;

	if (pwrite(file, ranges, count * sizeof(*ranges), 0) < 0)
		err(1, "pwrite");
	fake_pass_fd("freehint-0", dup(file));
	args = json_pack("{s:I, s:s, s:i, s:b}", FREEHINT_ARG_ROUND, (json_int_t)round,
			 FREEHINT_ARG_FDNAME, "freehint-0", FREEHINT_ARG_COUNT, count,
			 FREEHINT_ARG_LAST, last);
	mark_clean((QDict *)args, &ret, &error);
	stages.room = (u64)json_integer_value(json_object_get((json_t *)ret, FREEHINT_ARG_ROOM));
	json_decref((json_t *)ret);
	json_decref(args);
	stages.commands++;
	stages.refused += !ret;
	return ret;
}

static void count_taken(const struct freehint_range *ranges, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		stages.taken += ranges[i].length >> FREEHINT_PAGE_SHIFT;
}

/* Returns the ranges of the next command. */
static u32 convert(struct hint_round *round, struct freehint_range *ranges)
{
	u64 start = clock_us();
	u32 count;

	hint_round_poll(round);
	count = hint_round_fill(round, ranges, FREEHINT_MAX_RANGES);
	if (hint_round_complete(round))
		count += hint_round_flush(round, ranges + count);
	stages.convert += clock_us() - start;
	stages.ranges += count;
	return count;
}

/* The agent's flow control: it asks until there is room for a batch. */
static void wait_for_room(u64 id)
{
	while (stages.room < FREEHINT_MAX_RANGES) {
		usleep(1000);
		if (!mark(id, NULL, 0, false))
			return;
	}
}

static void read_round(struct hint_round *round, u64 id)
{
	static struct freehint_range ranges[FREEHINT_MAX_RANGES + 1];
	bool last = false;
	u64 start;
	u32 count;

	while (!last) {
		count = convert(round, ranges);
		last = hint_round_complete(round);
		if (!count && !last)
			continue;
		start = clock_us();
		last |= !mark(id, ranges, count, last);
		stages.mark += clock_us() - start;
		if (!stages.refused)
			count_taken(ranges, count);
		if (!last)
			wait_for_room(id);
	}
}

static void run(u64 bytes, const char *pattern)
{
	struct freehint_publisher pub;
	struct hint_round round;
	pthread_t thread;
	u64 id, start;

	if (!guest_voice_hello(&pub, fake.shm, fake.shm_size, FREEHINT_CONTRACT_DEAD, 0))
		errx(1, "the guest does not start");
	arm_acquire();
	arm_all(NULL);
	pthread_create(&thread, NULL, apply_thread, NULL);
	id = gate_open(1, clock_us());
	bar_request(id, FREEHINT_PHASE_ROUND, 1);
	start = clock_us();
	scale_guest_publish(&pub, id, bytes >> FREEHINT_PAGE_SHIFT, pattern);
	stages.publish = clock_us() - start;
	if (hint_round_init(&round, &stats) ||
	    hint_round_attach(&round, fake.shm, fake.shm_size))
		errx(1, "the agent does not start");
	start = clock_us();
	read_round(&round, id);
	gate_wait(10 * 1000000ULL, 1000 * 1000000ULL, NULL);
	stages.total = clock_us() - start;
	gate_close(true);
	hint_round_free(&round);
}

int main(int argc, char **argv)
{
	double tib = argc == 3 ? strtod(argv[1], NULL) : 0;
	u64 bytes = tib > 0 && tib <= MAX_TIB ? (u64)(tib * TIB) : 0, bar, free;

	if (!bytes || bytes % (1 << 30) || bytes > FREEHINT_MAX_PAGES << FREEHINT_PAGE_SHIFT)
		errx(2, "usage: scale TIB idle|used|worst, 64 TiB at most, whole GiB");
	for (bar = 1; bar < FREEHINT_HEADER_SIZE + (bytes >> FREEHINT_PAGE_SHIFT >> 3);)
		bar *= 2;
	file = memfd_create("freehint-scale", 0);
	make_qemu(bytes, bar);
	run(bytes, argv[2]);
	free = scale_guest_free();
	if (cleared > stages.taken || stages.taken - cleared > FREEHINT_FIRMWARE_END >>
	    FREEHINT_PAGE_SHIFT || cleared > free)
		errx(1, "%llu pages cleared, %llu taken", (unsigned long long)cleared,
		     (unsigned long long)stages.taken);
	printf("%g,%s,%llu,%.1f,%.1f,%.1f,%.1f,%.1f,%llu,%llu,%llu,%.2f,%.2f\n",
	       tib, argv[2], (unsigned long long)bar >> 20,
	       (double)stages.publish / 1e3, (double)stages.convert / 1e3,
	       (double)stages.mark / 1e3, (double)stages.apply / 1e3,
	       (double)stages.total / 1e3, (unsigned long long)stages.ranges,
	       (unsigned long long)stages.commands, (unsigned long long)stages.refused,
	       (double)(free << FREEHINT_PAGE_SHIFT) / (double)(1ULL << 30),
	       (double)((free - cleared) << FREEHINT_PAGE_SHIFT) / (double)(1ULL << 30));
	return 0;
}
