/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first look at a device that may be anybody's: one page of BAR 2 is read, and
 * nothing of the device is changed.
 */
#ifndef FREEHINT_BAR_LOOK_H
#define FREEHINT_BAR_LOOK_H

struct pci_dev;
struct freehint_publisher;

#define IVSHMEM_VENDOR	0x1af4
#define IVSHMEM_DEVICE	0x1110
#define IVSHMEM_BAR	2

/* A device that was left alone is looked at again after so many seconds (left_alone.c). */
#define BAR_LOOK_SECONDS	5U

/**
 * bar_look() - is BAR 2 of a device a freehint region?
 * @pdev: device; the caller holds its lock, and no other driver has it
 * @seen: for freehint_publisher_attach(); only the host's versions are of use on
 *        return, since the page is mapped no more
 *
 * Reads only. The device is neither enabled nor claimed, so that whoever has mapped
 * the BAR through sysfs keeps the mapping.
 *
 * Return: 0: it is; -ENODEV, -EPROTO, -EINVAL: see freehint_publisher_attach();
 * -ENXIO: there is no BAR that could be looked at; -EAGAIN: the device does not
 * answer reads of its memory; -ENOMEM.
 */
int bar_look(struct pci_dev *pdev, struct freehint_publisher *seen);

/** bar_explain() - say in the kernel log why a device is left alone */
void bar_explain(struct pci_dev *pdev, int verdict, const struct freehint_publisher *seen);

#endif /* FREEHINT_BAR_LOOK_H */
