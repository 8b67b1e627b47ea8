/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that says nothing of its scan.
 */
#ifndef FREEHINT_FAKES_SILENT_GUEST_H
#define FREEHINT_FAKES_SILENT_GUEST_H

#include <errno.h>

#include "include/freehint/types.h"

/** never_sealed() - what gate_run() asks of the guest at the end of @round */
static inline int never_sealed(u64 round)
{
	(void)round;
	return -EAGAIN;
}

#endif /* FREEHINT_FAKES_SILENT_GUEST_H */
