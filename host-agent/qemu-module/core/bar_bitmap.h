/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bitmap in the shared region, as memory that QEMU migrates: it is kept out of the
 * migration, because its content means nothing on the destination.
 */
#ifndef FREEHINT_BAR_BITMAP_H
#define FREEHINT_BAR_BITMAP_H

#include "../../../include/freehint/types.h"

/**
 * bar_bitmap_leave_out() - take the bitmap out of QEMU's dirty bitmap
 *
 * Call it after each sync: the guest writes the bitmap again in each round. The header, which
 * is one page, stays.
 *
 * Context: BQL held; migration thread, in a notifier, so that QEMU's bitmap lock is free; not
 * in the first sync, and not after a switch to postcopy.
 */
void bar_bitmap_leave_out(void);

/**
 * bar_bitmap_give_back() - set the bitmap dirty for QEMU, if it was left out
 *
 * At the switch to postcopy: a page that is neither dirty nor there would stall the guest.
 *
 * Context: BQL held, guest stopped, before QEMU collects the last dirty log.
 */
void bar_bitmap_give_back(void);

/** bar_bitmap_end() - the migration is over; BQL held */
void bar_bitmap_end(void);

#endif /* FREEHINT_BAR_BITMAP_H */
