/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device that the guest module's driver is bound to and unbound from, for tests that include
 * guest-kmod/device/ivshmem_bar.c before this; and pieces of the module that have nothing to do.
 */
#ifndef FREEHINT_IVSHMEM_BAR_RIG_H
#define FREEHINT_IVSHMEM_BAR_RIG_H

#include "tests/unit/unit.h"

struct pci_dev pci_device;
unsigned long jiffies;
struct oom_killer oom_killer;

/* What a look at the BAR finds, and how often somebody has looked. */
static int verdict;
static unsigned int looks;
/* Reasons for which the thread is parked. */
static int paused;
/* Waits for the end of an offer that began although the device decodes no memory. */
static unsigned int dark_waits;

static void wait_for_offer(void)
{
	dark_waits += !(pci_device.command & PCI_COMMAND_MEMORY);
}

int bar_probe(struct pci_dev *pdev, struct freehint_publisher *seen)
{
	looks++;
	return verdict;
}

bool bar_read_command(struct pci_dev *pdev, u16 *command)
{
	return !pci_read_config_word(pdev, PCI_COMMAND, command) && *command != U16_MAX;
}

void bar_log_refusal(struct pci_dev *pdev, int why, const struct freehint_publisher *seen)
{
}

int bar_mapping_create(struct bar_mapping *mapping, struct pci_dev *pdev)
{
	return 0;
}

void bar_mapping_destroy(struct bar_mapping *mapping)
{
}

struct round_worker *round_worker_start(struct device *dev, void *base, u64 size,
					struct guest_stats *stats)
{
	return (struct round_worker *)&pci_device;
}

void round_worker_halt(struct round_worker *worker)
{
	wait_for_offer();
}

void round_worker_free(struct round_worker *worker)
{
}

void round_worker_pause(struct round_worker *worker)
{
	wait_for_offer();
	paused++;
}

void round_worker_resume(struct round_worker *worker)
{
	paused--;
}

void guest_stats_create(struct guest_stats *stats, const struct device *dev,
			enum bar_memory_type type)
{
}

void guest_stats_remove(struct guest_stats *stats)
{
}

static bool bind_locked(void)
{
	if (ivshmem_bar_driver.probe(&pci_device, NULL))
		return false;
	pci_device.dev.driver = &ivshmem_bar_driver.driver;
	return true;
}

int device_attach(struct device *dev)
{
	bool bound;

	assert_true(device_trylock(dev));
	bound = bind_locked();
	device_unlock(dev);
	return bound;
}

static void unbind(void)
{
	assert_true(device_trylock(&pci_device.dev));
	ivshmem_bar_driver.remove(&pci_device);
	pci_device.dev.driver = NULL;
	device_unlock(&pci_device.dev);
}

static bool is_bound(void)
{
	return pci_device.dev.driver;
}

#endif /* FREEHINT_IVSHMEM_BAR_RIG_H */
