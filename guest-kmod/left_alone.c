// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that were left alone because no freehint was behind them: they are looked
 * at again from time to time, as the guest may move to a host that has it.
 *
 * A guest that was booted where there is no extension finds the magic in its BAR
 * after it migrated, or after the host made up its mind; no event tells. A look costs
 * one page mapped and one line read. There are none while a device is kept, and the
 * timer wakes no sleeping processor.
 *
 * Only devices that a probe of ours refused are here. A device that the administrator
 * took from us with unbind is not: it would be bound again behind his back.
 *
 * Locks, in the order in which they are taken: the kernel's lock of PCI hotplug, so
 * that the device keeps its addresses during the look; the device's, so that no
 * driver takes it meanwhile; lock, for the list alone. A probe comes with the first
 * two and takes the third. All are dropped before the device is offered to the
 * drivers: whoever gets it then had the right to.
 */
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "bar_look.h"
#include "kept_device.h"
#include "left_alone.h"
#include "../proto/guest_publish.h"

/**
 * struct left_alone - one device
 * @link:    in devices, or in the list of those that are being looked at
 * @pdev:    device, referenced
 * @verdict: of the last look, to say a change once
 */
struct left_alone {
	struct list_head link;
	struct pci_dev *pdev;
	int verdict;
};

static void look_again(struct work_struct *work);

static LIST_HEAD(devices);
static DEFINE_MUTEX(lock);
static DECLARE_DEFERRABLE_WORK(looking, look_again);

/* Freezable: a device that sleeps is not looked at. */
static void look_later_locked(void)
{
	lockdep_assert_held(&lock);
	if (!list_empty(&devices) && !kept_device_exists())
		queue_delayed_work(system_freezable_power_efficient_wq, &looking,
				   BAR_LOOK_SECONDS * HZ);
}

static void forget(struct left_alone *dev)
{
	pci_dev_put(dev->pdev);
	kfree(dev);
}

static struct left_alone *find_locked(const struct pci_dev *pdev)
{
	struct left_alone *dev;

	list_for_each_entry(dev, &devices, link)
		if (dev->pdev == pdev)
			return dev;
	return NULL;
}

/* Somebody may have bound the device by hand meanwhile: then it is there already. */
static void put_in_list(struct left_alone *dev)
{
	mutex_lock(&lock);
	if (find_locked(dev->pdev))
		forget(dev);
	else
		list_add_tail(&dev->link, &devices);
	look_later_locked();
	mutex_unlock(&lock);
}

void left_alone_add(struct pci_dev *pdev, int verdict)
{
	struct left_alone *dev = kmalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return;
	dev->pdev = pci_dev_get(pdev);
	dev->verdict = verdict;
	put_in_list(dev);
}

/* Return: as bar_look(), or -ESTALE when there is no such device any more. */
static int look_locked(struct left_alone *dev)
{
	struct pci_dev *pdev = dev->pdev;
	struct freehint_publisher seen;
	int verdict;

	if (!device_is_registered(&pdev->dev))
		return -ESTALE;
	if (pdev->dev.driver)
		return dev->verdict;
	verdict = bar_look(pdev, &seen);
	if (verdict && verdict != dev->verdict)
		bar_explain(pdev, verdict, &seen);
	return verdict;
}

static int look(struct left_alone *dev)
{
	int verdict = dev->verdict;

	pci_lock_rescan_remove();
	/* Whoever holds it may be at it for long; the next look is soon. */
	if (device_trylock(&dev->pdev->dev)) {
		verdict = look_locked(dev);
		device_unlock(&dev->pdev->dev);
	}
	pci_unlock_rescan_remove();
	return verdict;
}

static void look_at(struct left_alone *dev)
{
	int verdict = look(dev);

	if (verdict && verdict != -ESTALE) {
		dev->verdict = verdict;
		put_in_list(dev);
		return;
	}
	/* Probe adds it again if it does not like what it finds. */
	if (!verdict && device_attach(&dev->pdev->dev) < 0)
		pci_warn(dev->pdev, "freehint magic in BAR 2, but the device cannot be bound\n");
	forget(dev);
}

static void look_again(struct work_struct *work)
{
	struct left_alone *dev, *next;
	LIST_HEAD(now);

	mutex_lock(&lock);
	list_splice_init(&devices, &now);
	mutex_unlock(&lock);
	list_for_each_entry_safe(dev, next, &now, link)
		look_at(dev);
}

/* One that is being looked at meanwhile is missed: the next look finds it gone. */
void left_alone_drop(const struct pci_dev *pdev)
{
	struct left_alone *dev;

	mutex_lock(&lock);
	dev = find_locked(pdev);
	if (dev) {
		list_del(&dev->link);
		forget(dev);
	}
	mutex_unlock(&lock);
}

void left_alone_resume(void)
{
	mutex_lock(&lock);
	look_later_locked();
	mutex_unlock(&lock);
}

void left_alone_exit(void)
{
	struct left_alone *dev, *next;

	cancel_delayed_work_sync(&looking);
	list_for_each_entry_safe(dev, next, &devices, link)
		forget(dev);
}
