/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest of fuzz_discard.c.
 */
#ifndef FREEHINT_DISCARD_GUEST_H
#define FREEHINT_DISCARD_GUEST_H

#include "discard_rig.h"

/** discard_guest() - the guest's next step: what its module does, or a lie */
void discard_guest(struct input *in, u8 how);

/** discard_some_page() - number of a page, near a border of a block most of the time */
u64 discard_some_page(struct input *in);

#endif /* FREEHINT_DISCARD_GUEST_H */
