/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The list of the ivshmem devices that our probe refused. The module checks them again
 * every BAR_PROBE_SECONDS, since the guest may migrate to a host that has the extension.
 */
#ifndef FREEHINT_PROBE_RETRY_H
#define FREEHINT_PROBE_RETRY_H

struct pci_dev;

/**
 * probe_retry_add() - check a device again later, and probe it once BAR 2 is ours
 * @pdev:    refused device; the list takes a reference
 * @verdict: negative errno with which it was refused, see bar_probe()
 *
 * May sleep; called from probe with the device's lock held. If there is no memory for
 * the list entry, the device is not checked again.
 */
void probe_retry_add(struct pci_dev *pdev, int verdict);

/**
 * probe_retry_drop() - remove a device from the list if it is in
 * @pdev: device that is unplugged, in use, or not in use any more
 *
 * May sleep; from probe and remove it is called with the device's lock held.
 */
void probe_retry_drop(const struct pci_dev *pdev);

/** probe_retry_resume() - check the devices again: none is in use any more; may sleep */
void probe_retry_resume(void);

/** probe_retry_exit() - empty the list; the driver is unregistered already; sleeps */
void probe_retry_exit(void);

#endif /* FREEHINT_PROBE_RETRY_H */
