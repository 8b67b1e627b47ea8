/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of PCI as device/bar_probe.c and give-back/offer_wait.c of guest-kmod/ use: one device
 * with a command register and BARs, on a machine whose firmware leaves memory decoding off.
 */
#ifndef FREEHINT_PCI_DEVICE_H
#define FREEHINT_PCI_DEVICE_H

#include <errno.h>
#include <stdint.h>

#include "tests/fakes/guest_device.h"

#ifndef U16_MAX
#define U16_MAX			UINT16_MAX
#endif
#define PCI_COMMAND		4
#define PCI_COMMAND_MEMORY	2
#define PCI_BASE_ADDRESS_2	0x18
#define PCI_BASE_ADDRESS_3	0x1c
#define PCI_BASE_ADDRESS_MEM_MASK	(~0xfUL)
#define IORESOURCE_MEM		0x200UL
#define IORESOURCE_UNSET	0x20000000UL
#define MEMREMAP_WB		1
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define BARS			6

#define cc_platform_has(attr)	((attr) == CC_ATTR_GUEST_MEM_ENCRYPT && pci_device.encrypted)

typedef u64 resource_size_t;

struct resource {
	resource_size_t start;
	resource_size_t end;
	unsigned long flags;
	struct resource *parent;
};

typedef enum {
	pci_channel_io_normal = 1,
	pci_channel_io_frozen,
	pci_channel_io_perm_failure,
} pci_channel_state_t;

/**
 * struct pci_dev - the device
 * @dev:      what the kernel logs for
 * @error_state: what the kernel knows of the way to it
 * @resource: BARs
 * @command:  what decodes memory, and what user space has written
 * @address:  in BAR 2
 * @state_saved: pci_restore_state() writes what pci_save_state() has seen
 * @saved_command: what it has seen
 * @saved_address: what it has seen
 * @locked:   user space cannot reach the config space
 * @busy:     somebody else has that lock
 * @silent:   it does not answer: loads of its config space are ones, stores are lost
 * @writes:   to the command
 * @loose:    writes to the command that user space could have changed meanwhile
 * @unmappable: memremap() fails
 * @encrypted: its guest's memory is, so what is mapped must not be touched
 * @mapped:   mappings that were made while memory was decoded, minus those that ended
 */
struct pci_dev {
	struct device dev;
	pci_channel_state_t error_state;
	struct resource resource[BARS];
	u16 command;
	u64 address;
	bool state_saved;
	u16 saved_command;
	u64 saved_address;
	bool locked;
	bool busy;
	bool silent;
	unsigned int writes;
	unsigned int loose;
	bool unmappable;
	bool encrypted;
	int mapped;
};

extern struct pci_dev pci_device;

/* The only one. */
#define to_pci_dev(device)	((void)(device), &pci_device)

static inline int pci_read_config_word(struct pci_dev *pdev, int where, u16 *value)
{
	*value = where == PCI_COMMAND && !pdev->silent ? pdev->command : U16_MAX;
	return 0;
}

/* BAR 2 is a prefetchable one of 64 bits. */
static inline int pci_read_config_dword(struct pci_dev *pdev, int where, u32 *value)
{
	*value = where == PCI_BASE_ADDRESS_3 ? pdev->address >> 32 : (u32)pdev->address | 0xc;
	if (pdev->silent)
		*value = UINT32_MAX;
	return 0;
}

static inline int pci_write_config_word(struct pci_dev *pdev, int where, u16 value)
{
	pdev->writes++;
	pdev->loose += !pdev->locked;
	if (where == PCI_COMMAND && !pdev->silent)
		pdev->command = value;
	return 0;
}

static inline bool pci_cfg_access_trylock(struct pci_dev *pdev)
{
	pdev->locked = !pdev->busy;
	return pdev->locked;
}

static inline void pci_cfg_access_unlock(struct pci_dev *pdev)
{
	pdev->locked = false;
}

static inline resource_size_t resource_size(const struct resource *res)
{
	return res->end - res->start + 1;
}

#define pci_resource_start(pdev, bar)	((pdev)->resource[bar].start)
#define pci_resource_len(pdev, bar)	resource_size(&(pdev)->resource[bar])

/* The BAR's address is that of its memory here. */
static inline void *memremap(resource_size_t start, size_t size, unsigned long flags)
{
	if (pci_device.unmappable || !(pci_device.command & PCI_COMMAND_MEMORY))
		return NULL;
	pci_device.mapped++;
	return (void *)(uintptr_t)start;
}

static inline void memunmap(void *page)
{
	pci_device.mapped--;
}

#define pci_name(pdev)			((void)(pdev), "0000:00:04.0")
#define pci_info(pdev, ...)		device_log(&(pdev)->dev, __VA_ARGS__)
#define pci_warn(pdev, ...)		device_log(&(pdev)->dev, __VA_ARGS__)

#endif /* FREEHINT_PCI_DEVICE_H */
