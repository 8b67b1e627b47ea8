// SPDX-License-Identifier: GPL-2.0
/*
 * The list of the ivshmem devices that our probe refused. The module checks them again
 * every BAR_PROBE_SECONDS, since the guest may migrate to a host that has the extension.
 * One that is ours, but could not be used, is tried less and less often: the kernel logs
 * each failure.
 *
 * A guest that was booted on a host without the extension finds the magic in its BAR
 * only after it migrated, or after the extension was added. No event reports this. A
 * check maps one page and reads one line. There is no check while a device is in use,
 * and the timer does not wake up an idle CPU.
 *
 * Only devices that our probe refused are in the list. A device that the administrator
 * unbound from this driver is not in the list: the module must not bind it again. So probe
 * takes a device off the list that it uses, and remove does so once more.
 *
 * Lock order: the PCI rescan lock, so that the device keeps its addresses during the
 * check; the device's lock, so that no driver binds to it meanwhile; @lock, which
 * protects the list alone. probe() and remove() run with the device's lock held and take only
 * @lock.
 * All locks are dropped before device_attach() offers the device to the drivers: any
 * driver may bind to it then.
 */
#include <linux/device.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "bar_probe.h"
#include "active_device.h"
#include "probe_retry.h"
#include "../../proto/guest_publish.h"

/* At most so many checks are left out after a failure: five minutes. */
#define MAX_PAUSE	63U

/**
 * struct probe_retry - one refused device
 * @link:    in devices, or in the list of the devices that are being checked
 * @pdev:    device; we hold a reference
 * @verdict: result of the last check; a change is logged once
 * @pause:   checks that were left out after the last failure of probe
 * @left:    checks that are left out now
 */
struct probe_retry {
	struct list_head link;
	struct pci_dev *pdev;
	int verdict;
	unsigned int pause;
	unsigned int left;
};

static void recheck_fn(struct work_struct *work);

static LIST_HEAD(devices);
static DEFINE_MUTEX(lock);
static DECLARE_DEFERRABLE_WORK(recheck_work, recheck_fn);

/* The workqueue is freezable: a suspended device is not checked. */
static void schedule_recheck_locked(void)
{
	lockdep_assert_held(&lock);
	if (!list_empty(&devices) && !active_device_exists())
		queue_delayed_work(system_freezable_power_efficient_wq, &recheck_work,
				   BAR_PROBE_SECONDS * HZ);
}

static void free_entry(struct probe_retry *dev)
{
	pci_dev_put(dev->pdev);
	kfree(dev);
}

static struct probe_retry *find_locked(const struct pci_dev *pdev)
{
	struct probe_retry *dev;

	list_for_each_entry(dev, &devices, link)
		if (dev->pdev == pdev)
			return dev;
	return NULL;
}

/* The device is already in the list if another probe refused it meanwhile. */
static void add_entry(struct probe_retry *dev)
{
	mutex_lock(&lock);
	if (find_locked(dev->pdev))
		free_entry(dev);
	else
		list_add_tail(&dev->link, &devices);
	schedule_recheck_locked();
	mutex_unlock(&lock);
}

void probe_retry_add(struct pci_dev *pdev, int verdict)
{
	struct probe_retry *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return;
	dev->pdev = pci_dev_get(pdev);
	dev->verdict = verdict;
	add_entry(dev);
}

/* Return: as bar_probe(), or -ESTALE if the device was removed. */
static int probe_again_locked(struct probe_retry *dev)
{
	struct pci_dev *pdev = dev->pdev;
	struct freehint_publisher seen;
	int verdict;

	if (!device_is_registered(&pdev->dev))
		return -ESTALE;
	if (pdev->dev.driver)
		return dev->verdict;
	verdict = bar_probe(pdev, &seen);
	if (verdict && verdict != dev->verdict)
		bar_log_refusal(pdev, verdict, &seen);
	return verdict;
}

static int probe_again(struct probe_retry *dev)
{
	int verdict = dev->verdict;

	pci_lock_rescan_remove();
	/* Another task may hold the device's lock for long. The next check follows soon. */
	if (device_trylock(&dev->pdev->dev)) {
		verdict = probe_again_locked(dev);
		device_unlock(&dev->pdev->dev);
	}
	pci_unlock_rescan_remove();
	return verdict;
}

/* Probe adds the device to the list again if it refuses the device, or fails. */
static void attach(struct probe_retry *dev)
{
	struct probe_retry *again;

	if (device_attach(&dev->pdev->dev) < 0)
		pci_warn(dev->pdev, "freehint magic in BAR 2, but no driver can be bound; see the kernel's messages about this device\n");
	mutex_lock(&lock);
	again = find_locked(dev->pdev);
	/* A device that waits for another one to go has not failed. */
	if (again && !active_device_exists()) {
		again->pause = min(2 * dev->pause + 1, MAX_PAUSE);
		again->left = again->pause;
	}
	mutex_unlock(&lock);
}

static void recheck_device(struct probe_retry *dev)
{
	int verdict;

	if (dev->left) {
		dev->left--;
		add_entry(dev);
		return;
	}
	verdict = probe_again(dev);
	if (verdict && verdict != -ESTALE) {
		dev->verdict = verdict;
		add_entry(dev);
		return;
	}
	if (!verdict)
		attach(dev);
	free_entry(dev);
}

static void recheck_fn(struct work_struct *work)
{
	struct probe_retry *dev, *next;
	LIST_HEAD(now);

	mutex_lock(&lock);
	list_splice_init(&devices, &now);
	mutex_unlock(&lock);
	list_for_each_entry_safe(dev, next, &now, link)
		recheck_device(dev);
}

/* Does not find a device that is being checked; the next check sees that it was removed. */
void probe_retry_drop(const struct pci_dev *pdev)
{
	struct probe_retry *dev;

	mutex_lock(&lock);
	dev = find_locked(pdev);
	if (dev) {
		list_del(&dev->link);
		free_entry(dev);
	}
	mutex_unlock(&lock);
}

void probe_retry_resume(void)
{
	mutex_lock(&lock);
	schedule_recheck_locked();
	mutex_unlock(&lock);
}

void probe_retry_exit(void)
{
	struct probe_retry *dev, *next;

	cancel_delayed_work_sync(&recheck_work);
	list_for_each_entry_safe(dev, next, &devices, link)
		free_entry(dev);
}
