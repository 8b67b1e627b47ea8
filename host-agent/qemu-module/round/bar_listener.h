/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Listens to the guest's memory map: ends a round and an offer when the region leaves it.
 */
#ifndef FREEHINT_BAR_LISTENER_H
#define FREEHINT_BAR_LISTENER_H

/** bar_listener_init() - register with QEMU, once at load, BQL held */
void bar_listener_init(void);

#endif /* FREEHINT_BAR_LISTENER_H */
