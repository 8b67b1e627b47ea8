/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watches ivshmem devices that another driver takes, or that are unplugged.
 */
#ifndef FREEHINT_PCI_WATCH_H
#define FREEHINT_PCI_WATCH_H

/**
 * pci_watch_start() - register the notifier, and log devices that other drivers have
 *
 * Context: may sleep. Call it after ivshmem_bar_register(): our device is bound by then.
 *
 * Return: 0 or negative errno.
 */
int pci_watch_start(void);

/** pci_watch_stop() - unregister the notifier; sleeps until a running one has returned */
void pci_watch_stop(void);

#endif /* FREEHINT_PCI_WATCH_H */
