/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A timer of QEMU's main loop. It goes on while the guest is stopped, and its function runs with
 * the BQL held.
 */
#ifndef FREEHINT_MAIN_LOOP_TIMER_H
#define FREEHINT_MAIN_LOOP_TIMER_H

#include "qemu_abi.h"

/**
 * main_loop_timer_init() - prepare a timer, once; it is not set
 * @timer: must stay valid
 * @fn:    called in the main loop, with NULL, when the time has come
 *
 * Context: BQL held.
 */
static inline void main_loop_timer_init(struct qemu_timer *timer, qemu_call_fn *fn)
{
	qemu.timer_init_full(timer, NULL, QEMU_CLOCK_REALTIME, QEMU_SCALE_NS, 0, fn, NULL);
}

/**
 * main_loop_timer_in() - set a timer, also one that is set already
 * @timer: prepared
 * @ns:    nanoseconds from now
 *
 * Context: any thread.
 */
static inline void main_loop_timer_in(struct qemu_timer *timer, u64 ns)
{
	qemu.timer_mod_ns(timer, qemu.qemu_clock_get_ns(QEMU_CLOCK_REALTIME) + (int64_t)ns);
}

#endif /* FREEHINT_MAIN_LOOP_TIMER_H */
