/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks whether BAR 2 of an ivshmem device is a freehint region. The check reads one
 * page and changes nothing of a device that somebody else may use.
 */
#ifndef FREEHINT_BAR_PROBE_H
#define FREEHINT_BAR_PROBE_H

#include <linux/types.h>

struct pci_dev;
struct freehint_publisher;

#define IVSHMEM_VENDOR	0x1af4
#define IVSHMEM_DEVICE	0x1110
#define IVSHMEM_BAR	2

/* probe_retry.c checks a refused device again after this many seconds. */
#define BAR_PROBE_SECONDS	5U

/**
 * bar_probe() - is BAR 2 of a device a freehint region?
 * @pdev: device; the caller holds its lock, and no other driver is bound to it
 * @seen: filled by freehint_publisher_attach(); on return only the host's versions
 *        are valid, since the page is unmapped again
 *
 * Only reads; where firmware leaves memory decoding off it is on meanwhile, and stays on
 * only if the answer is yes. The device is not claimed, so a process that mapped the BAR
 * through sysfs keeps its mapping. May sleep.
 *
 * Return: 0: yes; -ENODEV, -EPROTO, -EINVAL: see freehint_publisher_attach();
 * -ENXIO: no BAR 2 is assigned; -ERANGE: it is smaller than a page; -EAGAIN: the device does
 * not answer memory reads; -ENOMEM: the page could not be mapped; -EOPNOTSUPP: the guest's
 * memory is encrypted, which never changes.
 */
int bar_probe(struct pci_dev *pdev, struct freehint_publisher *seen);

/** bar_read_command() - read the command register; Return: false if the device does not answer */
bool bar_read_command(struct pci_dev *pdev, u16 *command);

/**
 * bar_log_refusal() - log why the module does not use a device
 * @pdev:    device
 * @verdict: negative errno of bar_probe()
 * @seen:    as bar_probe() filled it
 */
void bar_log_refusal(struct pci_dev *pdev, int verdict, const struct freehint_publisher *seen);

#endif /* FREEHINT_BAR_PROBE_H */
