// SPDX-License-Identifier: GPL-2.0
/*
 * The host's side of one round: read the request, follow the guest's watermark, copy the
 * bitmap and convert it to ranges. docs/agent.md describes the steps, and what a guest
 * can do to the agent.
 *
 * The agent does not wait for the seal. Each poll copies the words between the last copy
 * and the watermark into a private buffer, checks that they still belong to the round,
 * and converts the copy. So QEMU skips the first pages while the guest scans the rest.
 *
 * Invariants:
 * - Every word is read once, and only the copy counts. There is no second pass to check
 *   the bitmap, because the guest could change it between the passes.
 * - The seal is read before the watermark, and the guest moves the watermark before it
 *   seals. So the watermark of a sealed round is final.
 * - When the request line names another round, or none, all ranges of this round that
 *   were not sent are dropped.
 */
#include "hint_round.h"

#include <stdlib.h>
#include <string.h>

#include "host-agent/common/clock.h"
#include "include/freehint/limits.h"
#include "host-agent/common/log.h"

/* 4096 words: 32 KiB of bitmap, 1 GiB of guest memory; fits into the first-level cache. */
#define CHUNK_WORDS	4096ULL
#define CHUNK_PAGES	(CHUNK_WORDS * FREEHINT_WORD_BITS)

/* 16 chunks per poll: 16 GiB of guest memory, well under a millisecond of work. */
#define POLL_WORDS	(16 * CHUNK_WORDS)

const char *const hint_state_names[HINT_STATES] = {
	[HINT_NONE] = "none",
	[HINT_AWAITED] = "awaited",
	[HINT_FLOWING] = "flowing",
	[HINT_SEALED] = "sealed",
	[HINT_FAULTY] = "faulty",
	[HINT_DONE] = "done",
};

int hint_round_init(struct hint_round *round, struct agent_stats *stats)
{
	memset(round, 0, sizeof(*round));
	round->stats = stats;
	round->words = malloc(CHUNK_WORDS * sizeof(*round->words));
	return round->words ? 0 : -ENOMEM;
}

void hint_round_free(struct hint_round *round)
{
	free(round->words);
	round->words = NULL;
}

static void set_state(struct hint_round *round, enum hint_state state)
{
	if (round->state == state)
		return;
	log_debug_limited("round %llu %s, was %s, %llu pages copied",
			  (unsigned long long)round->id, hint_state_names[state],
			  hint_state_names[round->state],
			  (unsigned long long)round->copied);
	round->state = state;
}

static void reset_round(struct hint_round *round)
{
	set_state(round, HINT_NONE);
	round->id = FREEHINT_NO_ROUND;
	round->mark = 0;
	round->copied = 0;
	round->bits = 0;
	round->refusals = 0;
	bits_to_ranges_reset(&round->ranges);
}

int hint_round_attach(struct hint_round *round, const void *base, u64 size)
{
	reset_round(round);
	round->phase = FREEHINT_PHASE_OFF;
	return freehint_reader_attach(&round->reader, base, size);
}

void hint_round_detach(struct hint_round *round)
{
	reset_round(round);
	round->phase = FREEHINT_PHASE_OFF;
	round->reader.shm = NULL;
}

bool hint_round_is_requested(const struct hint_round *round, u64 id)
{
	struct freehint_host_request req;

	return round->reader.shm && freehint_read_host_request(&round->reader, &req) &&
	       req.round == id;
}

/*
 * Drop a round in which the guest wrote invalid data. If the host has withdrawn the
 * round meanwhile, the guest is right to leave it, and the round is not faulty.
 */
static void fault(struct hint_round *round, const char *what, u64 number)
{
	bits_to_ranges_reset(&round->ranges);
	if (!hint_round_is_requested(round, round->id)) {
		round->stats->superseded++;
		set_state(round, HINT_DONE);
		return;
	}
	round->stats->faulty++;
	set_state(round, HINT_FAULTY);
	log_warn_limited("round %llu dropped: %s %llu; its pages are sent",
			 (unsigned long long)round->id, what, (unsigned long long)number);
}

/*
 * The guest and the extension may have agreed on a version that both support, but this
 * agent does not.
 */
static void check_version(struct hint_round *round)
{
	struct freehint_host_hello host;
	struct freehint_guest_hello guest;

	if (freehint_read_host_hello(&round->reader, &host) ||
	    freehint_read_guest_hello(&round->reader, host.instance, &guest) != -EPROTO)
		return;
	fault(round, guest.version > FREEHINT_VERSION ?
		     "update this agent, it does not support the guest's version" :
		     "update freehint of the guest, this agent does not support its version",
	      guest.version);
}

static void start_round(struct hint_round *round, const struct freehint_host_request *req)
{
	round->id = req->round;
	round->seen_us = clock_us();
	round->stats->rounds++;
	set_state(round, HINT_AWAITED);
	check_version(round);
}

static void poll_request(struct hint_round *round)
{
	struct freehint_host_request req;

	/* The host is writing it now: the next poll reads it. */
	if (!freehint_read_host_request(&round->reader, &req))
		return;
	round->phase = req.phase;
	if (req.round != FREEHINT_NO_ROUND)
		round->stats->last_round_us = clock_us();
	if (req.round == round->id)
		return;
	if (round->state != HINT_NONE && round->state != HINT_DONE)
		round->stats->superseded++;
	reset_round(round);
	if (req.round != FREEHINT_NO_ROUND && req.round <= FREEHINT_ROUND_MAX)
		start_round(round, &req);
}

static void count_seal(struct hint_round *round)
{
	round->stats->sealed++;
	if (round->seal.status == FREEHINT_SEAL_DECLINED)
		round->stats->declined++;
	if (round->seal.status == FREEHINT_SEAL_ABORTED)
		round->stats->aborted++;
	if (round->seal.status == FREEHINT_SEAL_COMPLETE)
		round->stats->free_pages = round->seal.free_pages;
}

static void update_mark(struct hint_round *round, u64 mark, bool sealed)
{
	if (mark < round->mark) {
		fault(round, "the guest's watermark went back to page", mark);
		return;
	}
	round->mark = mark;
	if (!sealed) {
		set_state(round, HINT_FLOWING);
		return;
	}
	if (round->seal.end_pfn != mark) {
		round->stats->mismatched++;
		fault(round, "the guest's watermark differs from the seal's end, which is",
		      round->seal.end_pfn);
		return;
	}
	count_seal(round);
	set_state(round, HINT_SEALED);
}

static void poll_guest(struct hint_round *round)
{
	int sealed = freehint_read_seal(&round->reader, round->id, &round->seal);
	u64 mark;

	switch (freehint_read_progress(&round->reader, round->id, &mark)) {
	case 0:
		break;
	case -EAGAIN:
		if (round->state == HINT_FLOWING)
			fault(round, "the guest abandoned it at page", round->mark);
		return;
	default:
		fault(round, "the guest's watermark is beyond the bitmap's end, which is",
		      round->reader.capacity);
		return;
	}
	if (sealed == -EINVAL)
		fault(round, "the guest's seal has the invalid status", round->seal.status);
	else
		update_mark(round, mark, !sealed);
}

void hint_round_poll(struct hint_round *round)
{
	round->budget = POLL_WORDS;
	poll_request(round);
	if (round->state == HINT_AWAITED || round->state == HINT_FLOWING)
		poll_guest(round);
}

static void check_counts(struct hint_round *round)
{
	if (round->state != HINT_SEALED || round->copied != round->mark ||
	    round->bits == round->seal.free_pages)
		return;
	round->stats->mismatched++;
	log_debug_limited("round %llu, seal counts %llu pages",
			  (unsigned long long)round->id,
			  (unsigned long long)round->seal.free_pages);
	fault(round, "the seal's count of free pages differs from the bitmap's, which is",
	      round->bits);
}

bool hint_round_is_active(const struct hint_round *round)
{
	return round->state == HINT_FLOWING || round->state == HINT_SEALED;
}

static bool may_copy(const struct hint_round *round)
{
	return hint_round_is_active(round) && round->copied < round->mark;
}

/* Return: true when a new chunk was copied and can be converted. */
static bool copy_chunk(struct hint_round *round)
{
	u64 pages = round->mark - round->copied;
	u64 count;

	if (!may_copy(round) || !round->budget)
		return false;
	if (pages > CHUNK_PAGES)
		pages = CHUNK_PAGES;
	count = pages / FREEHINT_WORD_BITS;
	if (count > round->budget)
		count = round->budget;
	pages = count * FREEHINT_WORD_BITS;
	if (freehint_copy_bitmap(&round->reader, round->id, round->copied,
				 round->copied + pages, round->words)) {
		fault(round, "the guest abandoned it at page", round->copied);
		return false;
	}
	bits_to_ranges_load(&round->ranges, round->copied, round->words, count);
	round->budget -= count;
	round->copied += pages;
	round->bits += bits_count(round->words, count);
	return true;
}

unsigned int hint_round_fill(struct hint_round *round, struct freehint_range *out,
			     unsigned int max)
{
	unsigned int count = 0;

	while (count < max) {
		if (!bits_to_ranges_busy(&round->ranges) && !copy_chunk(round))
			break;
		count += bits_to_ranges_take(&round->ranges, out + count, max - count);
	}
	check_counts(round);
	return round->state == HINT_FAULTY ? 0 : count;
}

unsigned int hint_round_flush(struct hint_round *round, struct freehint_range *out)
{
	return bits_to_ranges_flush(&round->ranges, out);
}

bool hint_round_backlog(const struct hint_round *round)
{
	return bits_to_ranges_busy(&round->ranges) || may_copy(round);
}

bool hint_round_complete(const struct hint_round *round)
{
	return round->state == HINT_FAULTY ||
	       (round->state == HINT_SEALED && !hint_round_backlog(round));
}

void hint_round_close(struct hint_round *round)
{
	bits_to_ranges_reset(&round->ranges);
	set_state(round, HINT_DONE);
}

/*
 * QEMU closes its gate shortly before it withdraws the request. So a round may be over
 * while the request line still names it; then only the error description shows it.
 */
static bool is_late(const struct hint_round *round, u64 id, const char *desc)
{
	return !hint_round_is_requested(round, id) || strstr(desc, FREEHINT_ERR_STALE) ||
	       strstr(desc, FREEHINT_ERR_CLOSED);
}

/*
 * An older QEMU accepts a limited number of ranges in a round, and a guest that names memory it
 * does not have will continue to do so; so will one that has forged the round. More commands
 * would only cost QEMU time.
 */
static void count_refusal(struct hint_round *round, const char *desc)
{
	round->refusals++;
	if (round->refusals == FREEHINT_MAX_REFUSALS || strstr(desc, FREEHINT_ERR_FULL))
		hint_round_close(round);
}

void hint_round_refused(struct hint_round *round, u64 id, const char *desc)
{
	if (is_late(round, id, desc)) {
		round->stats->refused_late++;
		if (round->id == id)
			count_refusal(round, desc);
		log_debug_limited("QEMU closed round %llu first: %s", (unsigned long long)id,
				  desc);
		return;
	}
	round->stats->refused_other++;
	if (round->id == id)
		count_refusal(round, desc);
	log_warn_limited("QEMU refused hints of round %llu, their pages are sent: %s",
			 (unsigned long long)id, desc);
}
