// SPDX-License-Identifier: GPL-2.0
/*
 * Maps BAR 2 with the fastest memory type that it can have: write-back, else
 * write-combining, else uncached.
 *
 * On x86 memremap(MEMREMAP_WB) gives uncached memory, without an error, where the MTRRs
 * do not say write-back. Then every word of the bitmap would be a write of its own.
 * Write-combining is allowed whatever the MTRRs say. proto/shm_order.h has the fences
 * that its weak order needs.
 *
 * x86 keeps one type for each range of addresses. If the range has another mapping,
 * memremap() takes the type of that one, or it fails. With IO_STRICT_DEVMEM there is no
 * other: pci_request_region() has taken the pages of processes that mapped the BAR
 * through sysfs, and a new mmap() fails while the region is ours. Without it such a
 * mapping stays, and ours has its type. A process that maps the BAR after us gets our
 * type, or its mmap() fails if ours is write-back.
 *
 * Loads are not cached unless the type is write-back. That is harmless: the worker loads
 * one line at each poll, one word of it at each block of a scan, and never the bitmap.
 *
 * docs/guest-module.md says which firmware and which hosts this concerns.
 */
#include <linux/io.h>
#include <linux/pci.h>

#include "bar_mapping.h"
#include "bar_probe.h"
#include "../compat/compat.h"

static int map_as(struct bar_mapping *mapping, struct pci_dev *pdev, unsigned long flags)
{
	void *base = memremap(pci_resource_start(pdev, IVSHMEM_BAR), mapping->size, flags);

	if (!base)
		return -ENOMEM;
	mapping->base = base;
	mapping->type = compat_memory_type(base);
	return 0;
}

static void log_type(const struct bar_mapping *mapping, struct pci_dev *pdev)
{
	resource_size_t start = pci_resource_start(pdev, IVSHMEM_BAR);
	const char *name = bar_memory_type_name(mapping->type);

	if (mapping->type == BAR_WRITE_BACK)
		pci_info(pdev, "BAR 2 is mapped %s\n", name);
	else if (mapping->type == BAR_UNKNOWN)
		pci_info(pdev, "BAR 2 is mapped with an %s memory type; if nopat is on the kernel's command line, remove it\n",
			 name);
	else
		pci_info(pdev, "BAR 2 at %pa is mapped %s, because of the firmware's MTRRs or another mapping; see MEMORY TYPE in freehint(4)\n",
			 &start, name);
}

int bar_mapping_create(struct bar_mapping *mapping, struct pci_dev *pdev)
{
	int ret;

	mapping->size = pci_resource_len(pdev, IVSHMEM_BAR);
	ret = map_as(mapping, pdev, MEMREMAP_WB);
	if (ret)
		return ret;
	if (bar_memory_type_wants_combining(mapping->type)) {
		/* Our own mapping, too, would make the next one uncached. */
		memunmap(mapping->base);
		ret = map_as(mapping, pdev, MEMREMAP_WC);
		/* A process may have mapped it meanwhile with a type that forbids ours. */
		if (ret)
			ret = map_as(mapping, pdev, MEMREMAP_WB);
		if (ret)
			return ret;
	}
	log_type(mapping, pdev);
	return 0;
}

void bar_mapping_destroy(struct bar_mapping *mapping)
{
	memunmap(mapping->base);
}
