/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest of the simulation: memory in a pattern, published block by block as the
 * module does.
 */
#ifndef FREEHINT_SCALE_GUEST_H
#define FREEHINT_SCALE_GUEST_H

#include "proto/guest_publish.h"

/**
 * scale_guest_publish() - answer a round
 * @pub:     publisher
 * @round:   its id
 * @pages:   of the guest
 * @pattern: "idle": free, but for a used block in every gigabyte and 2 % at the start;
 *           "used": runs of 1 to 1024 free pages and as many in use, at random;
 *           "worst": every second page is free
 */
void scale_guest_publish(struct freehint_publisher *pub, u64 round, u64 pages,
			 const char *pattern);

/** scale_guest_free() - pages that were published as free */
u64 scale_guest_free(void);

#endif /* FREEHINT_SCALE_GUEST_H */
