// SPDX-License-Identifier: GPL-2.0
/*
 * x-freehint-mark-clean: reads the ranges of one command, checks each of them, and queues all
 * of them or none.
 *
 * The peer is not trusted: it repeats what a guest wrote. Each range is checked against QEMU's
 * own view of guest memory and against what was armed for this round. The ranges are copied
 * first and checked afterwards.
 *
 * A guest cannot know which of its memory migrates. So guest memory that is not armed is not
 * an error: it is skipped and counted. It may be left out of this migration (x-ignore-shared),
 * be the last page of a block that cannot be armed, or be a block beyond the limit. A range
 * that is not guest memory is an error.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <string.h>

#include "../../../include/freehint/shm_layout.h"
#include "../core/arm.h"
#include "../core/bar.h"
#include "../core/guest_refusal.h"
#include "../core/qmp_args.h"
#include "../core/ram_map.h"
#include "../core/range_check.h"
#include "../core/range_source.h"
#include "../gate/bql_hold.h"
#include "../gate/round_gate.h"
#include "mark_clean.h"

/* A range that straddles two memory regions becomes two pieces. */
#define MAX_PIECES	(2 * FREEHINT_MAX_RANGES)

/**
 * struct batch - one command that is being checked; used under the BQL only
 * @list:  copy of the ranges that the peer sent
 * @map:   RAM segments looked up for this command
 * @piece: checked ranges, as host addresses
 * @count: number of pieces
 * @pages: pages in all pieces
 * @ignored: pages of guest memory that are skipped because they are not armed
 */
static struct batch {
	struct range_list list;
	struct ram_map map;
	struct gate_range piece[MAX_PIECES];
	u32 count;
	u64 pages;
	u64 ignored;
} batch;

static bool check_arguments(const QDict *args, Error **errp)
{
	static const char *const known[] = {
		FREEHINT_ARG_ROUND, FREEHINT_ARG_RANGES, FREEHINT_ARG_FDNAME,
		FREEHINT_ARG_COUNT, FREEHINT_ARG_LAST, NULL,
	};

	if (!qmp_args_check(args, known, "give 'round', and 'ranges', or 'fdname' and 'count', "
			    "or 'last'", errp))
		return false;
	/* For a value that is not a boolean QEMU returns the default, so try both. */
	if (qemu.qdict_get_try_bool(args, FREEHINT_ARG_LAST, true) ==
	    qemu.qdict_get_try_bool(args, FREEHINT_ARG_LAST, false) ||
	    !qemu.qdict_haskey(args, FREEHINT_ARG_LAST))
		return true;
	qemu_error(errp, "'last' is not a boolean; give true or false");
	return false;
}

static bool report_answer(enum gate_answer answer, u64 round, u64 current, Error **errp)
{
	switch (answer) {
	case GATE_QUEUED:
		return true;
	case GATE_STALE:
		gate_count(refused_stale, 1);
		qemu_error(errp, "round %" PRIu64 " " FREEHINT_ERR_STALE ", round %" PRIu64
			   " is open", round, current);
		return false;
	case GATE_NO_ROUND:
		gate_count(refused_closed, 1);
		qemu_error(errp, "round %" PRIu64 " " FREEHINT_ERR_CLOSED
			   ", no round is open; wait for the next round", round);
		return false;
	case GATE_FULL:
		gate_count(refused_queue, 1);
		qemu_error(errp, "round %" PRIu64 " has more than the %u queued ranges "
			   FREEHINT_ERR_FULL ", send no more than '" FREEHINT_ARG_ROOM "'",
			   round, FREEHINT_MAX_QUEUED);
		return false;
	}
	return false;
}

static bool read_round(const QDict *args, u64 *round, Error **errp)
{
	int64_t id = qemu.qdict_get_try_int(args, FREEHINT_ARG_ROUND, 0);
	struct freehint_guest_hello hello;
	enum gate_answer answer;
	u64 current;
	int error;

	if (id <= 0) {
		qemu_error(errp, "'round' is missing or not a positive integer; give that of "
			   FREEHINT_QMP_QUERY);
		return false;
	}
	*round = id;
	error = bar_read_guest_hello(&hello);
	if (error) {
		qemu_error(errp, "round %" PRIu64 " cannot be hinted: %s", *round,
			   guest_hello_refusal(error, &hello));
		return false;
	}
	answer = gate_check(*round, batch.list.count, &current);
	return report_answer(answer, *round, current, errp);
}

static bool add_piece(u32 i, u64 gpa, u8 *hva, u64 len, Error **errp)
{
	if (batch.count == MAX_PIECES) {
		qemu_error(errp, "range %u at 0x%" PRIx64 " is in more than the %d memory regions "
			   "that a command may name; send fewer ranges", i, gpa, MAX_PIECES);
		return false;
	}
	batch.piece[batch.count].hva = hva;
	batch.piece[batch.count].len = len;
	batch.piece[batch.count].gpa = gpa;
	batch.count++;
	batch.pages += len >> FREEHINT_PAGE_SHIFT;
	return true;
}

/* [hva, hva + len) lies in one memory region; part of it may be armed. */
static bool add_pieces(u32 i, u64 gpa, u8 *hva, u64 len, Error **errp)
{
	bool armed;
	u64 part;

	for (; len; gpa += part, hva += part, len -= part) {
		part = arm_part(hva, len, &armed);
		if (!armed)
			batch.ignored += part >> FREEHINT_PAGE_SHIFT;
		else if (!add_piece(i, gpa, hva, part, errp))
			return false;
	}
	return true;
}

/* Memory below 1 MiB is accepted but not cleared: an old guest may report it as free. */
static bool translate(u32 i, const struct freehint_range *r, Error **errp)
{
	u64 end = r->start + r->length, from = range_above_firmware(r->start, end);

	gate_count(pages_firmware, (from - r->start) >> FREEHINT_PAGE_SHIFT);
	return range_walk(&batch.map, i, from, end, add_pieces, errp);
}

static bool check_ranges(Error **errp)
{
	const struct freehint_range *r = batch.list.range;
	u64 after = 0;
	u32 i;

	ram_map_init(&batch.map);
	batch.count = 0;
	batch.pages = 0;
	batch.ignored = 0;
	for (i = 0; i < batch.list.count; i++) {
		if (!range_check(i, &r[i], after, errp) || !translate(i, &r[i], errp)) {
			gate_count(refused_range, 1);
			return false;
		}
		after = r[i].start + r[i].length;
	}
	return true;
}

static bool queue_batch(u64 round, bool last, Error **errp)
{
	enum gate_answer answer;
	u64 current;

	gate_count(pages_offered, batch.pages);
	gate_count(pages_ignored, batch.ignored);
	answer = gate_queue(round, batch.piece, batch.count, last, &current);
	if (!report_answer(answer, round, current, errp))
		return false;
	gate_count(ranges, batch.list.count);
	return true;
}

/* Keeps room for one whole command: a range can become two pieces in the queue. */
static u32 room_for_more(u64 round)
{
	u32 room = gate_room(round);

	return room > FREEHINT_MAX_RANGES ? room - FREEHINT_MAX_RANGES : 0;
}

static bool read_ranges(QDict *args, Error **errp)
{
	static const struct range_advice advice = {
		.missing = "'ranges' or 'fdname' is missing; give one, or 'last': true",
		.too_many = "send more commands or use 'fdname'",
	};

	return range_source_read(args, &batch.list, &advice, errp);
}

static bool run(QDict *args, u64 *round, Error **errp)
{
	bool last = qemu.qdict_get_try_bool(args, FREEHINT_ARG_LAST, false);

	return check_arguments(args, errp) && read_ranges(args, errp) &&
	       read_round(args, round, errp) && check_ranges(errp) &&
	       queue_batch(*round, last, errp);
}

void mark_clean(QDict *args, QObject **ret, Error **errp)
{
	struct bql_hold hold = bql_hold_begin();
	QDict *answer;
	u64 round;

	gate_count(commands, 1);
	if (run(args, &round, errp)) {
		answer = qemu.qdict_new();
		qemu.qdict_put_int(answer, "queued-ranges", batch.list.count);
		qemu.qdict_put_int(answer, "queued-pages", batch.pages);
		qemu.qdict_put_int(answer, FREEHINT_ARG_ROOM, room_for_more(round));
		*ret = (QObject *)answer;
	} else {
		gate_count(commands_refused, 1);
	}
	bql_hold_end(hold);
}
