/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doctor's look at io_uring: will the agent wait in one, or poll?
 */
#ifndef FREEHINT_CHECK_RING_H
#define FREEHINT_CHECK_RING_H

/** check_ring() - say which; neither stands against hinting */
void check_ring(void);

#endif /* FREEHINT_CHECK_RING_H */
