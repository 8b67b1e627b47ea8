/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The audit: a witness that checks that every write to a page that was skipped has reached
 * QEMU's dirty log.
 */
#ifndef FREEHINT_WITNESS_H
#define FREEHINT_WITNESS_H

#include "../../../include/freehint/types.h"
#include "../core/qemu_abi.h"

/**
 * struct witness_report - since QEMU started, for x-query-freehint
 * @wanted:     audit=on
 * @why:        what stands against it, NULL when it works
 * @checks:     syncs in which something was checked
 * @skipped:    pages looked at, each in every sync while it was skipped
 * @written:    of them, pages that were written since they were hinted
 * @violations: of them, pages that the dirty log did not know
 * @late:       pages hinted for a round that was over
 * @block:      where the first violation was; empty if nowhere
 * @offset:     bytes from the start of that block
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

/** witness_init() - @wanted: an administrator asked for it; once */
void witness_init(bool wanted);

/**
 * witness_open_round() - forget what was written before the guest is asked
 * @round: id of the round
 *
 * The first time in a migration, begin to watch memory.
 *
 * Context: BQL held; armed, the round is not published.
 */
void witness_open_round(u64 round);

/**
 * witness_hint() - these pages were taken out of the dirty bitmap; apply thread only
 * @round: round that the peer named with the hint
 * @hva:   first byte
 * @len:   bytes
 */
void witness_hint(u64 round, const u8 *hva, u64 len);

/**
 * witness_sync() - the accelerator's log is in, QEMU has not collected it yet
 *
 * In a sync of another thread than the migration's nothing is checked, and what was skipped
 * until then is checked no more.
 *
 * Context: BQL held, dropped meanwhile under TCG; inside a sync. No round is open.
 */
void witness_sync(void);

/**
 * witness_forget() - what was written so far is of no interest
 *
 * Context: BQL held, no round open. Does nothing in another thread than the migration's.
 */
void witness_forget(void);

/** witness_over() - the migration has ended; BQL held, no round open */
void witness_over(void);

/** witness_report() - a copy for x-query-freehint */
struct witness_report witness_report(void);

#endif /* FREEHINT_WITNESS_H */
