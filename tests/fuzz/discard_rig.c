// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a guest that gives some back, and the model of what may be discarded of it. The
 * model knows blocks, pages and the offer; nothing of sessions' timers, pieces and slices.
 */
#include "discard_rig.h"

#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "host-agent/qemu-module/give-back/discard_slices.h"
#include "host-agent/qemu-module/give-back/give_back_session.h"
#include "host-agent/qemu-module/give-back/offer.h"
#include "host-agent/qemu-module/round/host_hello.h"
#include "include/freehint/limits.h"
#include "tests/fakes/fake_qobject.h"

#define MIB		(1ULL << 20)
#define HUGE		(2 * MIB)

struct discard_rig rig;

static const struct give_back_params give_back_off;

/* Takes the place of host_hello.c: the hello stands in the region from the start. */
bool host_hello_publish(const char **why)
{
	return true;
}

/* Memory whose pages the administrator wants where they are. */
static bool stays(const struct RAMBlock *b)
{
	bool reserved = b->page > FREEHINT_PAGE_SIZE && !b->unreserved;

	return b->prealloc || b->readonly || reserved || (b->fd >= 0 && !b->shared) ||
	       b->page > 4 * MIB;
}

static bool is_over(const char *status)
{
	return !status || !strcmp(status, "none") || !strcmp(status, "completed") ||
	       !strcmp(status, "failed") || !strcmp(status, "cancelled");
}

bool discard_rig_forbidden(void)
{
	return !fake.running || fake.incoming || fake.colo || fake_discard.disabled ||
	       !is_over(fake_discard.status);
}

static bool in_ranges(u64 gpa)
{
	unsigned int i;

	for (i = 0; i < rig.count; i++)
		if (gpa >= rig.range[i].start && gpa - rig.range[i].start < rig.range[i].length)
			return true;
	return false;
}

/* Takes the place of QEMU's ram_block_discard_range(): the oracle of this target. */
static int discard(RAMBlock *b, u64 start, size_t len)
{
	u64 gpa = b->gpa + start, page;

	MUST(fake.bql && b->refs && !b->gone);
	MUST(rig.running && !discard_rig_forbidden());
	MUST(!b->device && !stays(b));
	MUST(len && start % b->page == 0 && len % b->page == 0);
	MUST(start < b->len && len <= b->len - start);
	MUST(gpa >= FREEHINT_FIRMWARE_END);
	for (page = gpa; page < gpa + len; page += FREEHINT_PAGE_SIZE)
		MUST(in_ranges(page));
	if (!rig.lied) {
		MUST(discard_rig_answer(rig.sequence) == FREEHINT_ANSWER_TAKEN);
		MUST(rig.shm->give_back_request.session == rig.session);
	}
	if (fake_discard.fails)
		return -1;
	rig.done += len;
	return 0;
}

static void make_memory(void)
{
	fake_add_block(0, 8 * MIB);
	/* Video memory right behind it; high memory in two pieces. */
	fake_add_block(8 * MIB, MIB)->device = true;
	fake_add_block(16 * MIB, 4 * MIB);
	fake_add_block(20 * MIB, 4 * MIB)->page = HUGE;
	fake.block[3].unreserved = true;
	/* Kinds of memory that stay; the last one is reserved, too. */
	fake_add_block(32 * MIB, 2 * MIB)->prealloc = true;
	fake_add_block(34 * MIB, 2 * MIB)->fd = 7;
	fake_add_block(40 * MIB, 2 * MIB)->page = 1024 * MIB;
	/* A file that is mapped shared, and writable. */
	fake_add_block(48 * MIB, 4 * MIB)->fd = 8;
	fake.block[7].shared = true;
	MUST(fake.blocks == DISCARD_BLOCKS);
}

static void make(void)
{
	fake_qemu_init();
	fake_qobject_init();
	fake_discard_install();
	make_memory();
	rig.shm = fake_region_new(RIG_SHM_SIZE);
	MUST(rig.shm && !bar_init("freehint") && !gate_init());
	fake.shm = rig.shm;
	fake.shm_size = RIG_SHM_SIZE;
}

static void restore_memory(void)
{
	unsigned int i;

	for (i = 0; i < fake.blocks; i++)
		fake.block[i].gone = false;
}

void discard_rig_start(void)
{
	struct freehint_shm *shm = rig.shm;
	const char *why;

	if (!shm) {
		make();
		shm = rig.shm;
		MUST(bar_attach(&why));
	}
	memset(shm, 0, RIG_SHM_SIZE);
	memset(&rig, 0, sizeof(rig));
	rig.shm = shm;
	rig.last_sequence = 7;
	memset(&fake_discard, 0, sizeof(fake_discard));
	qemu.ram_block_discard_range = discard;
	restore_memory();
	fake.running = true;
	fake.incoming = false;
	fake.colo = false;
	give_back_init(&give_back_off);
	discard_slices_forget_failure();
	bar_publish_hello();
}

void discard_rig_hello(u32 give_back)
{
	const struct freehint_guest_facts facts = {
		.contract = FREEHINT_CONTRACT_DEAD,
		.max_order = 10,
		.end_pfn = 1 << 14,
		.give_back = give_back,
	};

	if (!freehint_publisher_attach(&rig.pub, rig.shm, RIG_SHM_SIZE))
		freehint_publish_hello(&rig.pub, rig.shm->host_hello.instance, &facts);
}

static bool is_offered(u64 gpa, const struct freehint_offer *offer)
{
	u64 pfn = gpa >> FREEHINT_PAGE_SHIFT, first;
	u32 i;

	for (i = 0; i < offer->count; i++) {
		first = freehint_block_pfn(offer->block[i]);
		if (pfn >= first && pfn - first < freehint_block_pages(offer->block[i]))
			return true;
	}
	return false;
}

static bool page_allowed(u64 gpa, const struct freehint_offer *offer)
{
	const struct RAMBlock *b = fake_block_at(gpa);

	return is_offered(gpa, offer) && (gpa < FREEHINT_FIRMWARE_END || (b && !b->device));
}

static bool range_allowed(const struct freehint_range *r, u64 after,
			  const struct freehint_offer *offer)
{
	u64 gpa;

	if (!r->length || (r->start | r->length) % FREEHINT_PAGE_SIZE || r->start < after)
		return false;
	if (r->length > FREEHINT_MAX_RANGE_BYTES || r->start > 1ULL << 46)
		return false;
	/* The guest's memory ends soon. */
	for (gpa = r->start; gpa < r->start + r->length; gpa += FREEHINT_PAGE_SIZE)
		if (!page_allowed(gpa, offer))
			return false;
	return true;
}

/* Whole pages of the block that lie in the range; nothing of a range below 1 MiB. */
static u64 bytes_of(const struct RAMBlock *b, const struct freehint_range *r)
{
	u64 start = r->start, end = r->start + r->length;

	if (start < FREEHINT_FIRMWARE_END)
		start = FREEHINT_FIRMWARE_END;
	start = start < b->gpa ? b->gpa : start;
	end = end > b->gpa + b->len ? b->gpa + b->len : end;
	if (b->gone || b->device || stays(b) || start >= end)
		return 0;
	start = b->gpa + (start - b->gpa + b->page - 1) / b->page * b->page;
	end = b->gpa + (end - b->gpa) / b->page * b->page;
	return end > start ? end - start : 0;
}

/* Does the range touch memory that stays? */
static bool touches(const struct RAMBlock *b, const struct freehint_range *r)
{
	return !b->gone && stays(b) && r->start < b->gpa + b->len &&
	       b->gpa < r->start + r->length;
}

bool discard_rig_allows(const struct freehint_range *range, unsigned int count,
			const struct freehint_offer *offer, u64 *expected)
{
	unsigned int i, j;
	bool kept = false;
	u64 after = 0;

	*expected = 0;
	for (i = 0; i < count; i++) {
		if (!range_allowed(&range[i], after, offer))
			return false;
		after = range[i].start + range[i].length;
		for (j = 0; j < fake.blocks; j++) {
			*expected += bytes_of(&fake.block[j], &range[i]);
			kept |= touches(&fake.block[j], &range[i]);
		}
	}
	/* An offer of nothing but memory that stays is declined. */
	return count && count <= FREEHINT_OFFER_BLOCKS && (*expected || !kept);
}

enum freehint_answer discard_rig_answer(u64 sequence)
{
	u64 answer = rig.shm->give_back_answer.answer;

	if (answer >> FREEHINT_ANSWER_BITS != sequence)
		return FREEHINT_ANSWER_NONE;
	return answer & ((1ULL << FREEHINT_ANSWER_BITS) - 1);
}

void discard_rig_follow(void)
{
	enum freehint_answer answer = discard_rig_answer(rig.sequence);

	if (!rig.running)
		return;
	if (!rig.lied) {
		/* DONE after all of it, and never another answer than these. */
		MUST(answer != FREEHINT_ANSWER_NONE);
		if (answer == FREEHINT_ANSWER_DONE)
			MUST(rig.done == rig.expected);
		if (answer != FREEHINT_ANSWER_TAKEN)
			rig.running = false;
	}
	if (!offer_is_busy())
		rig.running = false;
}

void discard_rig_end(void)
{
	unsigned int i;

	const char *why;

	give_back_suspend("the run is over");
	discard_rig_follow();
	give_back_set(&give_back_off, &why);
	MUST(rig.lied || !rig.running);
	fake_time_passes();
	MUST(!offer_is_busy());
	for (i = 0; i < fake.blocks; i++)
		MUST(!fake.block[i].refs);
}
