// SPDX-License-Identifier: GPL-2.0
/*
 * Checks whether BAR 2 of an ivshmem device is a freehint region. The check reads one
 * page and changes nothing of a device that somebody else may use.
 *
 * Every user of ivshmem has the same PCI id. A process may have mapped the BAR of
 * such a device through sysfs while no driver is bound to it:
 *
 *  - pci_request_region() would take the pages away from the process for good if the
 *    kernel has IO_STRICT_DEVMEM: the process dies of SIGBUS.
 *  - Enabling and disabling the device would clear its bus mastering.
 *  - A second mapping must have the memory type of the first. MEMREMAP_WB accepts any
 *    type: x86 uses the type with which the page is mapped, or that of its MTRRs, and
 *    never fails. If the first mapping is write-back, other types fail and log an
 *    error. We map the page for microseconds only, since a process that maps it
 *    meanwhile gets the memory type of our mapping.
 *
 * While memory decoding is off, we would read all ones, and no process can use the BAR.
 * On x86 the firmware and the kernel's hotplug code leave it on, so the administrator has
 * switched it off, and we do not switch it on. Elsewhere the firmware leaves it to the
 * first driver. There we switch it on while we read, and leave it on only if the device is
 * ours: the driver of another device, or an administrator, decides about that.
 *
 * In a guest whose memory is encrypted nothing is mapped: from 6.15 on memremap() maps a BAR as
 * private memory there, and the first load may kill the guest. The host has no use of hints.
 */
#include <linux/io.h>
#include <linux/pci.h>

#include "bar_probe.h"
#include "../compat/compat.h"
#include "../../proto/guest_publish.h"

/* Return: as bar_probe(). */
static int check_resource(const struct pci_dev *pdev)
{
	const struct resource *res = &pdev->resource[IVSHMEM_BAR];

	/* A resource without a parent has an address that the kernel did not assign. */
	if (!(res->flags & IORESOURCE_MEM) || (res->flags & IORESOURCE_UNSET) || !res->parent)
		return -ENXIO;
	return resource_size(res) < PAGE_SIZE ? -ERANGE : 0;
}

bool bar_read_command(struct pci_dev *pdev, u16 *command)
{
	return !pci_read_config_word(pdev, PCI_COMMAND, command) && *command != U16_MAX;
}

static int read_header(struct pci_dev *pdev, struct freehint_publisher *seen)
{
	void *page = memremap(pci_resource_start(pdev, IVSHMEM_BAR), PAGE_SIZE, MEMREMAP_WB);
	int ret;

	if (!page)
		return -ENOMEM;
	ret = freehint_publisher_attach(seen, page, pci_resource_len(pdev, IVSHMEM_BAR));
	memunmap(page);
	return ret;
}

static int decode_and_read(struct pci_dev *pdev, struct freehint_publisher *seen)
{
	int ret = -EAGAIN;
	u16 command;

	if (!bar_read_command(pdev, &command) ||
	    pci_write_config_word(pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY))
		return ret;
	ret = read_header(pdev, seen);
	if (ret)
		pci_write_config_word(pdev, PCI_COMMAND, command);
	return ret;
}

/*
 * The device's lock keeps drivers and the file "enable" away, but not the file "config". So
 * user space is locked out of the config space, or we would write back what it has changed.
 * Only tried, because pci_dev_lock() of older kernels takes the two in the other order.
 */
static int decode_and_read_alone(struct pci_dev *pdev, struct freehint_publisher *seen)
{
	int ret;

	if (!pci_cfg_access_trylock(pdev))
		return -EAGAIN;
	ret = decode_and_read(pdev, seen);
	pci_cfg_access_unlock(pdev);
	return ret;
}

int bar_probe(struct pci_dev *pdev, struct freehint_publisher *seen)
{
	u16 command;
	int ret;

	if (compat_guest_is_encrypted())
		return -EOPNOTSUPP;
	ret = check_resource(pdev);
	if (ret)
		return ret;
	if (!bar_read_command(pdev, &command))
		return -EAGAIN;
	if (command & PCI_COMMAND_MEMORY)
		return read_header(pdev, seen);
	return COMPAT_FIRMWARE_ENABLES_BARS ? -EAGAIN : decode_and_read_alone(pdev, seen);
}

void bar_log_refusal(struct pci_dev *pdev, int verdict, const struct freehint_publisher *seen)
{
	switch (verdict) {
	case -ENODEV:
		pci_info(pdev, "no freehint magic in BAR 2, device not used; checking again every %u s\n",
			 BAR_PROBE_SECONDS);
		break;
	case -EPROTO:
		pci_warn(pdev, "host supports freehint versions %u to %u, this module %u to %u, device not used; update %s\n",
			 seen->host_version_min, seen->host_version, FREEHINT_VERSION_MIN,
			 FREEHINT_VERSION, freehint_older_side(seen));
		break;
	case -EINVAL:
		pci_warn(pdev, "sizes in the freehint header do not fit the %llu bytes of BAR 2, device not used; check QEMU's log for messages of freehint\n",
			 (u64)pci_resource_len(pdev, IVSHMEM_BAR));
		break;
	case -ERANGE:
		pci_warn(pdev, "BAR 2 is smaller than a page of this kernel (%lu KiB), device not used; give the ivshmem region %lu KiB\n",
			 PAGE_SIZE >> 10, PAGE_SIZE >> 10);
		break;
	case -EAGAIN:
		pci_warn(pdev, "memory decoding is off, device not used; if it is freehint's device: echo 1 >/sys/bus/pci/devices/%s/enable\n",
			 pci_name(pdev));
		break;
	case -EOPNOTSUPP:
		pci_warn(pdev, "this guest's memory is encrypted (SEV, TDX or a realm), so the host cannot use hints, device not used\n");
		break;
	default:
		pci_warn(pdev, "BAR 2 cannot be read, error %d, device not used; see the kernel's messages about this device\n",
			 verdict);
		break;
	}
}
