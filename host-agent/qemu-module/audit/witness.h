/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The audit: checks that every write to a skipped page has reached QEMU's dirty log.
 */
#ifndef FREEHINT_WITNESS_H
#define FREEHINT_WITNESS_H

#include "../../../include/freehint/types.h"
#include "../core/qemu_abi.h"

/**
 * struct witness_report - since QEMU started, for x-query-freehint
 * @wanted:     audit=on
 * @why:        why the audit cannot work, NULL if it works
 * @checks:     syncs in which something was checked
 * @skipped:    skipped pages that were checked, counted again in every sync
 * @written:    those of @skipped that were written since they were hinted
 * @violations: those of @written that were not in the dirty log
 * @late:       pages hinted for a round that was already closed
 * @block:      RAM block of the first violation; empty if there is none
 * @offset:     its offset in that block, bytes
 */
struct witness_report {
	bool wanted;
	const char *why;
	u64 checks;
	u64 skipped;
	u64 written;
	u64 violations;
	u64 late;
	char block[64];
	u64 offset;
};

/** witness_init() - called once; @wanted: the administrator set audit=on */
void witness_init(bool wanted);

/**
 * witness_open_round() - drop the writes that happened before the round is requested
 * @round: id of the round
 *
 * The first call of a migration starts to watch memory.
 *
 * Context: BQL held, migration thread; the log is armed, the round is not published yet.
 */
void witness_open_round(u64 round);

/**
 * witness_hint() - record pages that were taken out of the dirty bitmap; apply thread only
 * @round: round that the peer named with the hint
 * @hva:   first byte
 * @len:   bytes
 */
void witness_hint(u64 round, const u8 *hva, u64 len);

/**
 * witness_sync() - compare: the accelerator's log is in, QEMU has not collected it yet
 *
 * In a sync of another thread than the migration thread nothing is checked, and what was
 * skipped until then is no longer checked.
 *
 * Context: BQL held, dropped in between under TCG; inside a sync. No round is open.
 */
void witness_sync(void);

/**
 * witness_discard_writes() - drop all writes so far
 *
 * Context: BQL held, no round open. Does nothing in another thread than the migration thread.
 */
void witness_discard_writes(void);

/** witness_end() - stop watching: the migration has ended; BQL held, no round open */
void witness_end(void);

/** witness_report() - a copy for x-query-freehint. Context: BQL held */
struct witness_report witness_report(void);

#endif /* FREEHINT_WITNESS_H */
