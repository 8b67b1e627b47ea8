// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory, a gate that keeps what it is given, and the model of what
 * x-freehint-mark-clean may take. The model knows blocks and pages, nothing of
 * segments, pieces and maps.
 */
#include "clean_rig.h"
#include "host-agent/qemu-module/core/arm.h"
#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/fakes/fake_qobject.h"

#define MIB		(1ULL << 20)
#define CHUNK		(64 * FREEHINT_PAGE_SIZE)
#define MAX_EXPECTED	256

/* The block that is the shared region. */
static const struct RAMBlock *own;

/**
 * struct gate_double - takes the place of round_gate.c
 * @open:    a round is open
 * @full:    it has no room
 * @guest:   a guest has published its hello
 * @armed:   memory was armed when the round was opened
 * @queued:  commands queued
 * @pages:   of them
 * @ignored: pages that were left out
 * @named:   the command had ranges that came so far
 * @at:      host addresses that are still expected, @ranges of them
 * @left:    bytes that are still expected at each
 */
static struct gate_double {
	bool open;
	bool full;
	bool guest;
	bool armed;
	unsigned int queued;
	u64 pages;
	u64 ignored;
	bool named;
	struct freehint_range expected[MAX_EXPECTED];
	unsigned int count;
} gate;

static void make_memory(void)
{
	fake_qemu_init();
	fake_qobject_init();
	/* Low memory; video memory right behind it; high memory in two pieces. */
	fake_add_block(0, 8 * MIB);
	fake_add_block(8 * MIB, MIB)->device = true;
	fake_add_block(4096 * MIB, 2 * MIB);
	fake_add_block(4098 * MIB, 4 * MIB);
	/* Left out of the migration; a DIMM with a page that cannot be armed. */
	fake_add_block(8192 * MIB, MIB)->ignored = true;
	fake_add_block(8200 * MIB, 3 * CHUNK + FREEHINT_PAGE_SIZE);
	/* The shared region: the guest may name it, we may not take it. */
	fake_add_block(16384 * MIB, MIB);
	MUST(fake.blocks == CLEAN_BLOCKS);
	own = &fake.block[CLEAN_BLOCKS - 1];
}

void clean_rig_start(u8 how)
{
	static bool made;

	if (!made)
		make_memory();
	made = true;
	memset(&gate, 0, sizeof(gate));
	gate.open = how >= 8;
	gate.full = how >= 8 && how < 16;
	gate.guest = how % 8 != 1;
	gate.armed = how < 250;
	if (gate.armed) {
		arm_acquire();
		arm_all(NULL);
	} else {
		arm_release();
	}
}

bool clean_rig_is_open(void)
{
	return gate.open && !gate.full && gate.guest;
}

/* A block that ends one page into a chunk keeps that page unarmed. */
static u64 armed_bytes(const struct RAMBlock *b)
{
	return b->len % CHUNK == FREEHINT_PAGE_SIZE ? b->len - FREEHINT_PAGE_SIZE : b->len;
}

/* Memory that the guest may name; firmware need not be there at all. */
static bool page_allowed(u64 gpa)
{
	const struct RAMBlock *b = fake_block_at(gpa);

	return gpa < FREEHINT_FIRMWARE_END || (b && b != own && !b->device);
}

/* Memory that is queued if it is named. */
static bool page_taken(u64 gpa)
{
	const struct RAMBlock *b = fake_block_at(gpa);

	return gate.armed && gpa >= FREEHINT_FIRMWARE_END && page_allowed(gpa) &&
	       !b->ignored && gpa - b->gpa < armed_bytes(b);
}

static bool range_allowed(const struct freehint_range *r)
{
	u64 gpa;

	if (!r->length || r->start % FREEHINT_PAGE_SIZE || r->length % FREEHINT_PAGE_SIZE)
		return false;
	if (r->length > 1ULL << 44 || r->start > 1ULL << 46)
		return false;
	/* The fake guest's memory has holes every few MiB: this ends soon. */
	for (gpa = r->start; gpa < r->start + r->length; gpa += FREEHINT_PAGE_SIZE)
		if (!page_allowed(gpa))
			return false;
	return r->start + r->length <= 1ULL << 46;
}

bool clean_rig_allows(const struct freehint_range *range, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (i && range[i].start < range[i - 1].start + range[i - 1].length)
			return false;
		if (!range_allowed(&range[i]))
			return false;
	}
	return true;
}

void clean_rig_expect(const struct freehint_range *range, unsigned int count)
{
	MUST(count <= MAX_EXPECTED);
	memcpy(gate.expected, range, count * sizeof(*range));
	gate.count = count;
}

/* Pages of the expected ranges that are queued, or else those that are left out. */
static u64 expected_pages(bool taken)
{
	u64 pages = 0, gpa, end;
	unsigned int i;

	for (i = 0; i < gate.count; i++) {
		gpa = gate.expected[i].start;
		end = gpa + gate.expected[i].length;
		for (; gpa < end; gpa += FREEHINT_PAGE_SIZE)
			pages += page_taken(gpa) == taken && gpa >= FREEHINT_FIRMWARE_END;
	}
	return pages;
}

static bool is_expected(u64 gpa, u64 end)
{
	const struct freehint_range *r;
	unsigned int i;

	for (i = 0; i < gate.count; i++) {
		r = &gate.expected[i];
		if (gpa >= r->start && end <= r->start + r->length)
			return true;
	}
	return false;
}

/* Return: guest address behind the piece, after it was found good. */
static u64 check_piece(const struct gate_range *piece, u64 after)
{
	const u8 *hva = piece->hva;
	u64 gpa = 0;
	unsigned int i;

	MUST(piece->len && piece->len % FREEHINT_PAGE_SIZE == 0);
	for (i = 0; i < fake.blocks; i++)
		if (hva >= fake.block[i].host && hva < fake.block[i].host + fake.block[i].len)
			gpa = fake.block[i].gpa + (u64)(hva - fake.block[i].host);
	MUST(gpa >= FREEHINT_FIRMWARE_END && gpa % FREEHINT_PAGE_SIZE == 0);
	MUST(gpa >= after);
	MUST(is_expected(gpa, gpa + piece->len));
	for (after = gpa; after < gpa + piece->len; after += FREEHINT_PAGE_SIZE)
		MUST(page_taken(after));
	return after;
}

void clean_rig_check(const json_t *answer)
{
	MUST(gate.queued == !!answer);
	if (!answer)
		return;
	MUST((u64)json_integer_value(json_object_get(answer, "queued-pages")) == gate.pages);
	MUST(json_integer_value(json_object_get(answer, FREEHINT_ARG_ROOM)) ==
	     (gate.full ? 0 : FREEHINT_MAX_RANGES));
	MUST(gate.ignored == (gate.named ? expected_pages(false) : 0));
}

/* What follows takes the place of round_gate.c and bar.c. */

void gate_add(size_t offset, u64 n)
{
	MUST(offset % sizeof(u64) == 0 && offset < sizeof(struct freehint_counters));
	MUST(n <= FREEHINT_MAX_PAGES);
	if (offset == offsetof(struct freehint_counters, pages_ignored))
		gate.ignored += n;
}

void gate_count_bql(u64 us)
{
	MUST(us < 60 * 1000000ULL);
}

enum gate_answer gate_check(u64 round, u32 count, u64 *current)
{
	*current = CLEAN_ROUND;
	if (!gate.open)
		return GATE_NO_ROUND;
	if (round != CLEAN_ROUND)
		return GATE_STALE;
	return gate.full && count ? GATE_FULL : GATE_QUEUED;
}

u32 gate_room(u64 round)
{
	MUST(round == CLEAN_ROUND && gate.open);
	return gate.full ? 0 : 2 * FREEHINT_MAX_RANGES;
}

enum gate_answer gate_queue(u64 round, const struct gate_range *range, u32 count, bool last,
			    u64 *current)
{
	enum gate_answer answer = gate_check(round, count, current);
	u64 after = 0;
	u32 i;

	if (answer != GATE_QUEUED)
		return answer;
	for (i = 0; i < count; i++) {
		after = check_piece(&range[i], after);
		gate.pages += range[i].len / FREEHINT_PAGE_SIZE;
	}
	/* All of it or, with a list that was spoilt, nothing. */
	gate.named = gate.pages + gate.ignored;
	MUST(!gate.named || gate.pages == expected_pages(true));
	gate.queued++;
	return GATE_QUEUED;
}

int bar_read_guest_hello(struct freehint_guest_hello *hello)
{
	return gate.guest ? 0 : -ENOENT;
}

bool bar_contains(const void *hva, u64 len)
{
	const u8 *at = hva;

	return at < own->host + own->len && own->host < at + len;
}
