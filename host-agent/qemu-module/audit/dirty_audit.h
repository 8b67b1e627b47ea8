/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The audit: checks that every write to a skipped page has reached QEMU's dirty log.
 */
#ifndef FREEHINT_DIRTY_AUDIT_H
#define FREEHINT_DIRTY_AUDIT_H

#include "../../../include/freehint/types.h"
#include "../core/qemu_abi.h"

/**
 * struct audit_report - since QEMU started, for x-query-freehint
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
struct audit_report {
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

/** audit_init() - called once; @wanted: the administrator set audit=on */
void audit_init(bool wanted);

/**
 * audit_open_round() - drop the writes that happened before the round is requested
 * @round: id of the round
 *
 * The first call of a migration starts to watch memory.
 *
 * Context: BQL held, migration thread; the log is armed, the round is not published yet.
 */
void audit_open_round(u64 round);

/**
 * audit_hint() - record pages that were taken out of the dirty bitmap; apply thread only
 * @round: round that the peer named with the hint
 * @hva:   first byte
 * @len:   bytes
 */
void audit_hint(u64 round, const u8 *hva, u64 len);

/**
 * audit_sync() - compare: the accelerator's log is in, QEMU has not collected it yet
 *
 * In a sync of another thread than the migration thread nothing is checked, and what was
 * skipped until then is no longer checked.
 *
 * Context: BQL held, dropped in between under TCG; inside a sync. No round is open.
 */
void audit_sync(void);

/**
 * audit_discard_writes() - drop all writes so far
 *
 * Context: BQL held, no round open. Does nothing in another thread than the migration thread.
 */
void audit_discard_writes(void);

/** audit_end() - stop watching: the migration has ended; BQL held, no round open */
void audit_end(void);

/** audit_report() - a copy for x-query-freehint. Context: BQL held */
struct audit_report audit_report(void);

#endif /* FREEHINT_DIRTY_AUDIT_H */
