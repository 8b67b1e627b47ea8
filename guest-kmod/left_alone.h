/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The list of the ivshmem devices that our probe refused. The module checks them again
 * every BAR_LOOK_SECONDS, since the guest may migrate to a host that has the extension.
 */
#ifndef FREEHINT_LEFT_ALONE_H
#define FREEHINT_LEFT_ALONE_H

struct pci_dev;

/**
 * left_alone_add() - check a device again later, and probe it once BAR 2 is ours
 * @pdev:    refused device; the list takes a reference
 * @verdict: negative errno with which it was refused, see bar_look()
 *
 * May sleep; called from probe with the device's lock held. If there is no memory for
 * the list entry, the device is not checked again.
 */
void left_alone_add(struct pci_dev *pdev, int verdict);

/** left_alone_drop() - remove an unplugged device from the list if it is in; may sleep */
void left_alone_drop(const struct pci_dev *pdev);

/** left_alone_resume() - check the devices again: none is in use any more; may sleep */
void left_alone_resume(void);

/** left_alone_exit() - empty the list; the driver is unregistered already; sleeps */
void left_alone_exit(void);

#endif /* FREEHINT_LEFT_ALONE_H */
