/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices that were left alone because no freehint was behind them: they are looked
 * at again from time to time, as the guest may move to a host that has it.
 */
#ifndef FREEHINT_LEFT_ALONE_H
#define FREEHINT_LEFT_ALONE_H

struct pci_dev;

/**
 * left_alone_add() - look at a device again later, and probe it once it is ours
 * @pdev:    device that was refused; a reference is taken
 * @verdict: of the look that refused it, see bar_look()
 *
 * May sleep; called from probe with the device's lock held. A device that cannot be
 * remembered for want of memory is forgotten.
 */
void left_alone_add(struct pci_dev *pdev, int verdict);

/** left_alone_drop() - the device is unplugged: forget it if it is here */
void left_alone_drop(const struct pci_dev *pdev);

/** left_alone_resume() - a device was given back: the others may be of use again */
void left_alone_resume(void);

/** left_alone_exit() - forget all of them; the driver is unregistered */
void left_alone_exit(void);

#endif /* FREEHINT_LEFT_ALONE_H */
