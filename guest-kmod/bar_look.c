// SPDX-License-Identifier: GPL-2.0
/*
 * The first look at a device that may be anybody's: one page of BAR 2 is read, and
 * nothing of the device is changed.
 *
 * The PCI id belongs to everyone who uses ivshmem. A process may have the BAR of such
 * a device mapped through sysfs while no driver has it:
 *
 *  - To request the region would take the process's pages away for good, where the
 *    kernel has IO_STRICT_DEVMEM: it dies of SIGBUS.
 *  - To enable and disable the device would clear its bus mastering.
 *  - A second mapping must have the memory type of the first. MEMREMAP_WB asks for
 *    any: x86 gives the type that the page is mapped with, or that of its MTRRs, and
 *    never fails. Other types fail, and say so in the log, where the first is
 *    write-back. The look lasts microseconds, as a process that maps the page
 *    meanwhile gets the type of the look.
 *
 * Firmware and the kernel's hotplug code leave memory decoding on. Where somebody
 * switched it off, a look would read nothing but ones, and to switch it on is the
 * administrator's business.
 */
#include <linux/io.h>
#include <linux/pci.h>

#include "bar_look.h"
#include "../proto/guest_publish.h"

static bool has_bar(const struct pci_dev *pdev)
{
	const struct resource *res = &pdev->resource[IVSHMEM_BAR];

	/* Without a parent the address is a wish that the kernel did not grant. */
	return (res->flags & IORESOURCE_MEM) && !(res->flags & IORESOURCE_UNSET) &&
	       res->parent && resource_size(res) >= PAGE_SIZE;
}

static bool answers_reads(struct pci_dev *pdev)
{
	u16 command;

	if (pci_read_config_word(pdev, PCI_COMMAND, &command) || command == U16_MAX)
		return false;
	return command & PCI_COMMAND_MEMORY;
}

int bar_look(struct pci_dev *pdev, struct freehint_publisher *seen)
{
	void *page;
	int ret;

	if (!has_bar(pdev))
		return -ENXIO;
	if (!answers_reads(pdev))
		return -EAGAIN;
	page = memremap(pci_resource_start(pdev, IVSHMEM_BAR), PAGE_SIZE, MEMREMAP_WB);
	if (!page)
		return -ENOMEM;
	ret = freehint_publisher_attach(seen, page, pci_resource_len(pdev, IVSHMEM_BAR));
	memunmap(page);
	return ret;
}

void bar_explain(struct pci_dev *pdev, int verdict, const struct freehint_publisher *seen)
{
	switch (verdict) {
	case -ENODEV:
		pci_info(pdev, "no freehint magic in BAR 2, left alone; looking again every %u s\n",
			 BAR_LOOK_SECONDS);
		break;
	case -EPROTO:
		pci_warn(pdev, "host speaks freehint versions %u to %u, this module %u to %u, left alone; update %s\n",
			 seen->host_version_min, seen->host_version, FREEHINT_VERSION_MIN,
			 FREEHINT_VERSION, freehint_older_side(seen));
		break;
	case -EINVAL:
		pci_warn(pdev, "freehint sizes in BAR 2 contradict its %llu bytes, left alone; check the host's extension\n",
			 (u64)pci_resource_len(pdev, IVSHMEM_BAR));
		break;
	case -EAGAIN:
		pci_warn(pdev, "memory decoding is off, left alone; if the device is freehint's: echo 1 >/sys/bus/pci/devices/%s/enable\n",
			 pci_name(pdev));
		break;
	default:
		pci_warn(pdev, "BAR 2 cannot be looked at, error %d, left alone; see the kernel's messages about this device\n",
			 verdict);
		break;
	}
}
