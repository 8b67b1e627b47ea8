// SPDX-License-Identifier: GPL-2.0
/*
 * Follows what happens to ivshmem devices that are not ours: taken by another
 * driver, or unplugged.
 *
 * uio_pci_generic, vfio-pci and kvmfr take any ivshmem device that they are told to.
 * If it is freehint's, the module loads and nothing ever happens. A device with a
 * driver is not ours to look at, so all that can be said is whose it is and how to
 * have it. Nothing is said while a device is kept: the others are none of ours then.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/notifier.h>
#include <linux/pci.h>

#include "bar_look.h"
#include "ivshmem_bar.h"
#include "kept_device.h"
#include "left_alone.h"
#include "pci_watch.h"

static bool is_ivshmem(const struct pci_dev *pdev)
{
	return pdev->vendor == IVSHMEM_VENDOR && pdev->device == IVSHMEM_DEVICE;
}

static void say_who_has_it_locked(const struct device *dev)
{
	const char *slot = dev_name(dev);

	if (!dev->driver || ivshmem_bar_is_ours(dev) || kept_device_exists())
		return;
	pr_notice_ratelimited("%s is held by driver %s; if the host made it for freehint, give it over: cd /sys/bus/pci; echo %s >devices/%s/driver_override; echo %s >drivers/%s/unbind; echo %s >drivers_probe\n",
			      slot, dev->driver->name, KBUILD_MODNAME, slot, slot,
			      dev->driver->name, slot);
}

/* A driver was bound with the device's lock held. */
static int note_bus_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct device *dev = data;

	if (!is_ivshmem(to_pci_dev(dev)))
		return NOTIFY_DONE;
	if (event == BUS_NOTIFY_BOUND_DRIVER)
		say_who_has_it_locked(dev);
	else if (event == BUS_NOTIFY_DEL_DEVICE)
		left_alone_drop(to_pci_dev(dev));
	return NOTIFY_OK;
}

static struct notifier_block bus_events = {
	.notifier_call = note_bus_event,
};

int pci_watch_start(void)
{
	struct pci_dev *pdev = NULL;
	int ret;

	ret = bus_register_notifier(&pci_bus_type, &bus_events);
	if (ret)
		return ret;
	while ((pdev = pci_get_device(IVSHMEM_VENDOR, IVSHMEM_DEVICE, pdev))) {
		device_lock(&pdev->dev);
		say_who_has_it_locked(&pdev->dev);
		device_unlock(&pdev->dev);
	}
	return 0;
}

void pci_watch_stop(void)
{
	bus_unregister_notifier(&pci_bus_type, &bus_events);
}
