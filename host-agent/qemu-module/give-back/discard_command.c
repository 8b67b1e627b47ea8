// SPDX-License-Identifier: GPL-2.0
/*
 * x-freehint-discard: the agent passes on an offer of the guest. Checks it and takes it, or
 * declines it, so that the guest has its blocks back at once.
 *
 * The peer is not trusted: it repeats what a guest wrote. An answer is written for the offer
 * only that stands in the region, and never while another one is in progress: there is one
 * line for answers, and a guest that waits for its own would not find it any more.
 */
#define _GNU_SOURCE
#include <inttypes.h>

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/qmp_names.h"
#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../core/bar.h"
#include "../core/qmp_args.h"
#include "../core/ram_map.h"
#include "../core/range_check.h"
#include "../core/range_source.h"
#include "discard_command.h"
#include "give_back_session.h"
#include "offer.h"

#define GIVE_OFFER	"give the sequence that stands in the region, 1 to 2^62 - 2"
#define GIVE_RANGES	"give those of the offer"

/* Used under the BQL only: the agent's ranges, and the offer as the guest wrote it. */
static struct range_list list;
static struct freehint_offer copy;

static bool check_arguments(const QDict *args, Error **errp)
{
	static const char *const known[] = { FREEHINT_ARG_OFFER, FREEHINT_ARG_RANGES, NULL };

	return qmp_args_check(args, known, "give '" FREEHINT_ARG_OFFER "' and '"
			      FREEHINT_ARG_RANGES "'", errp);
}

static bool read_sequence(const QDict *args, u64 *sequence, Error **errp)
{
	bool is_int;
	int64_t n;

	is_int = qmp_args_int(args, FREEHINT_ARG_OFFER, &n);
	*sequence = (u64)n;
	if (n > 0 && *sequence <= FREEHINT_OFFER_MAX)
		return true;
	if (is_int)
		qemu_error(errp, "'offer' is %" PRId64 "; " GIVE_OFFER, n);
	else
		qemu_error(errp, "'offer' is missing or not an integer; " GIVE_OFFER);
	return false;
}

static bool report_stale(u64 sequence, Error **errp)
{
	offer_counters.stale++;
	qemu_error(errp, "offer %" PRIu64 " " FREEHINT_ERR_STALE ", the guest has taken it back; "
		   GIVE_OFFER, sequence);
	return false;
}

/* Is this an offer that may be answered? From here on it is counted. */
static bool find_offer(u64 sequence, Error **errp)
{
	if (offer_is_busy()) {
		offer_counters.early++;
		qemu_error(errp, "offer %" PRIu64 " comes too early, another one is in progress; send "
			   "it again after that",
			   sequence);
		return false;
	}
	/* Without a session the region may not even be touched. */
	if (!give_back_is_asking()) {
		offer_counters.closed++;
		qemu_error(errp, "offer %" PRIu64 " " FREEHINT_ERR_CLOSED
			   ", the guest is not asked for memory; " FREEHINT_QMP_GIVE_BACK
			   " asks it", sequence);
		return false;
	}
	if (!bar_offer(sequence, &copy))
		return report_stale(sequence, errp);
	offer_counters.offers++;
	return true;
}

static bool check_obstacle(u64 sequence, Error **errp)
{
	const char *why = give_back_obstacle();

	if (why)
		qemu_error(errp, "offer %" PRIu64 " cannot be discarded: %s", sequence, why);
	return !why;
}

/*
 * A broken agent must not have memory discarded that the guest uses. What the guest does to
 * its offer after the copy harms itself alone.
 */
static bool check_offered(u32 i, const struct freehint_range *r, Error **errp)
{
	u64 pfn = r->start >> FREEHINT_PAGE_SHIFT, next;
	u64 end = (r->start + r->length) >> FREEHINT_PAGE_SHIFT;

	for (; pfn < end; pfn = next) {
		next = bar_offer_end(&copy, pfn);
		if (next > pfn)
			continue;
		qemu_error(errp, "range %u at 0x%" PRIx64 " is not part of the guest's offer %" PRIu64
			   "; leave it out", i, pfn << FREEHINT_PAGE_SHIFT, copy.sequence);
		return false;
	}
	return true;
}

static bool add_piece(u32 i, u64 gpa, u8 *hva, u64 len, Error **errp)
{
	const char *why;

	if (offer_add(gpa, hva, len, &why))
		return true;
	qemu_error(errp, "range %u at 0x%" PRIx64 " cannot be discarded: %s", i, gpa, why);
	return false;
}

/* Memory below 1 MiB stays: option ROMs are shadowed there. */
static bool translate(struct ram_map *map, u32 i, const struct freehint_range *r, Error **errp)
{
	u64 end = r->start + r->length, from = range_above_firmware(r->start, end);

	offer_keep(from - r->start);
	return range_walk(map, i, from, end, add_piece, errp);
}

static bool check_count(Error **errp)
{
	if (list.count && list.count <= FREEHINT_OFFER_BLOCKS)
		return true;
	qemu_error(errp, "'ranges' has %u entries; " GIVE_RANGES ", 1 to %u", list.count,
		   FREEHINT_OFFER_BLOCKS);
	return false;
}

static bool check_ranges(Error **errp)
{
	const struct freehint_range *r = list.range;
	static struct ram_map map;
	u64 after = 0;
	u32 i;

	ram_map_init(&map);
	for (i = 0; i < list.count; i++) {
		if (!range_check(i, &r[i], after, errp) || !check_offered(i, &r[i], errp) ||
		    !translate(&map, i, &r[i], errp))
			return false;
		after = r[i].start + r[i].length;
	}
	return true;
}

static bool check_kept(u64 sequence, Error **errp)
{
	if (!offer_is_empty() || !offer_kept_why())
		return true;
	qemu_error(errp, "offer %" PRIu64 " cannot be discarded: %s", sequence,
		   offer_kept_why());
	return false;
}

static bool take(u64 sequence, Error **errp)
{
	return !offer_take(sequence, copy.count) || report_stale(sequence, errp);
}

static bool read_ranges(QDict *args, Error **errp)
{
	static const struct range_advice advice = {
		.missing = "'ranges' is missing; " GIVE_RANGES,
		.too_many = GIVE_RANGES,
	};

	return range_source_read(args, &list, &advice, errp);
}

/* @reason: set on failure */
static bool check(QDict *args, u64 sequence, enum offer_decline *reason, Error **errp)
{
	*reason = OFFER_DECLINED_OBSTACLE;
	if (!check_obstacle(sequence, errp))
		return false;
	*reason = OFFER_DECLINED_RANGE;
	if (!read_ranges(args, errp) || !check_count(errp) || !check_ranges(errp))
		return false;
	*reason = OFFER_DECLINED_KEPT;
	return check_kept(sequence, errp);
}

static bool check_and_take(QDict *args, u64 sequence, Error **errp)
{
	enum offer_decline reason;

	offer_prepare();
	if (check(args, sequence, &reason, errp))
		return take(sequence, errp);
	offer_prepare();
	offer_count_declined(reason);
	bar_answer_offer(sequence, FREEHINT_ANSWER_DECLINED);
	return false;
}

static bool run(QDict *args, Error **errp)
{
	u64 sequence;

	return check_arguments(args, errp) && read_sequence(args, &sequence, errp) &&
	       find_offer(sequence, errp) && check_and_take(args, sequence, errp);
}

void discard_command(QDict *args, QObject **ret, Error **errp)
{
	struct offer_hold hold = offer_hold_began();

	if (run(args, errp))
		*ret = (QObject *)qemu.qdict_new();
	offer_hold_ended(hold);
}
