/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Follows what happens to ivshmem devices that are not ours: taken by another
 * driver, or unplugged.
 */
#ifndef FREEHINT_PCI_WATCH_H
#define FREEHINT_PCI_WATCH_H

/**
 * pci_watch_start() - watch from now on, and say who has a device already
 *
 * The driver is registered, so that whatever is ours is bound.
 *
 * Return: 0 or negative errno.
 */
int pci_watch_start(void);

/** pci_watch_stop() - undo it; waits for what is being said */
void pci_watch_stop(void);

#endif /* FREEHINT_PCI_WATCH_H */
