/* SPDX-License-Identifier: GPL-2.0 */
/*
 * freehint doctor: will the agent use io_uring or poll?
 */
#ifndef FREEHINT_CHECK_RING_H
#define FREEHINT_CHECK_RING_H

/** check_ring() - report which one; hinting works with both */
void check_ring(void);

#endif /* FREEHINT_CHECK_RING_H */
