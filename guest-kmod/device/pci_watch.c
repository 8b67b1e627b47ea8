// SPDX-License-Identifier: GPL-2.0
/*
 * Watches ivshmem devices that another driver takes, or that are unplugged.
 *
 * uio_pci_generic, vfio-pci and kvmfr bind to any ivshmem device that the administrator names.
 * If that device is freehint's, the module loads and does nothing. The module must not
 * read a device that is bound to another driver. So it only logs the driver's name and
 * the commands that give the device to freehint. It logs nothing while a device is in
 * use: the other devices do not concern it then.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/notifier.h>
#include <linux/pci.h>

#include "bar_probe.h"
#include "ivshmem_bar.h"
#include "active_device.h"
#include "probe_retry.h"
#include "pci_watch.h"

static bool is_ivshmem(const struct pci_dev *pdev)
{
	return pdev->vendor == IVSHMEM_VENDOR && pdev->device == IVSHMEM_DEVICE;
}

static void log_other_driver_locked(const struct device *dev)
{
	const char *slot = dev_name(dev);

	if (!dev->driver || ivshmem_bar_is_ours(dev) || active_device_exists())
		return;
	pr_notice_ratelimited("%s is bound to driver %s; if it is freehint's device, bind it to freehint: cd /sys/bus/pci; echo %s >devices/%s/driver_override; echo %s >drivers/%s/unbind; echo %s >drivers_probe\n",
			      slot, dev->driver->name, KBUILD_MODNAME, slot, slot,
			      dev->driver->name, slot);
}

/* The caller of BUS_NOTIFY_BOUND_DRIVER holds the device's lock. */
static int bus_callback(struct notifier_block *nb, unsigned long event, void *data)
{
	struct device *dev = data;

	if (!is_ivshmem(to_pci_dev(dev)))
		return NOTIFY_DONE;
	if (event == BUS_NOTIFY_BOUND_DRIVER)
		log_other_driver_locked(dev);
	else if (event == BUS_NOTIFY_DEL_DEVICE)
		probe_retry_drop(to_pci_dev(dev));
	return NOTIFY_OK;
}

static struct notifier_block bus_events = {
	.notifier_call = bus_callback,
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
		log_other_driver_locked(&pdev->dev);
		device_unlock(&pdev->dev);
	}
	return 0;
}

void pci_watch_stop(void)
{
	bus_unregister_notifier(&pci_bus_type, &bus_events);
}
