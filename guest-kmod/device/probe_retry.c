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
#define MAX_SKIP	63U

/**
 * struct refused_device - an entry of the list
 * @link:    in devices, or in the list of the devices that are being checked
 * @pdev:    device; we hold a reference
 * @verdict: result of the last check; a change is logged once
 * @skip:    checks to leave out after the last failure of probe; after the next one, more
 * @skip_left: checks that are left out now
 */
struct refused_device {
	struct list_head link;
	struct pci_dev *pdev;
	int verdict;
	unsigned int skip;
	unsigned int skip_left;
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

static void free_entry(struct refused_device *entry)
{
	pci_dev_put(entry->pdev);
	kfree(entry);
}

static struct refused_device *find_locked(const struct pci_dev *pdev)
{
	struct refused_device *entry;

	list_for_each_entry(entry, &devices, link)
		if (entry->pdev == pdev)
			return entry;
	return NULL;
}

/* The device is already in the list if another probe refused it meanwhile. */
static void add_entry(struct refused_device *entry)
{
	mutex_lock(&lock);
	if (find_locked(entry->pdev))
		free_entry(entry);
	else
		list_add_tail(&entry->link, &devices);
	schedule_recheck_locked();
	mutex_unlock(&lock);
}

void probe_retry_add(struct pci_dev *pdev, int verdict)
{
	struct refused_device *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return;
	entry->pdev = pci_dev_get(pdev);
	entry->verdict = verdict;
	add_entry(entry);
}

/* Return: as bar_probe(), or -ESTALE if the device was removed. */
static int probe_again_locked(struct refused_device *entry)
{
	struct pci_dev *pdev = entry->pdev;
	struct freehint_publisher seen;
	int verdict;

	if (!device_is_registered(&pdev->dev))
		return -ESTALE;
	if (pdev->dev.driver)
		return entry->verdict;
	verdict = bar_probe(pdev, &seen);
	if (verdict && verdict != entry->verdict)
		bar_log_refusal(pdev, verdict, &seen);
	return verdict;
}

static int probe_again(struct refused_device *entry)
{
	int verdict = entry->verdict;

	pci_lock_rescan_remove();
	/* Another task may hold the device's lock for long. The next check follows soon. */
	if (device_trylock(&entry->pdev->dev)) {
		verdict = probe_again_locked(entry);
		device_unlock(&entry->pdev->dev);
	}
	pci_unlock_rescan_remove();
	return verdict;
}

/* Probe adds the device to the list again if it refuses the device, or fails. */
static void bind_device(struct refused_device *entry)
{
	struct refused_device *again;

	if (device_attach(&entry->pdev->dev) < 0)
		pci_warn(entry->pdev, "freehint magic in BAR 2, but no driver can be bound; see the kernel's messages about this device\n");
	mutex_lock(&lock);
	again = find_locked(entry->pdev);
	/* A device that waits for another one to go has not failed. */
	if (again && !active_device_exists()) {
		again->skip = min(2 * entry->skip + 1, MAX_SKIP);
		again->skip_left = again->skip;
	}
	mutex_unlock(&lock);
}

static void recheck_device(struct refused_device *entry)
{
	int verdict;

	if (entry->skip_left) {
		entry->skip_left--;
		add_entry(entry);
		return;
	}
	verdict = probe_again(entry);
	if (verdict && verdict != -ESTALE) {
		entry->verdict = verdict;
		add_entry(entry);
		return;
	}
	if (!verdict)
		bind_device(entry);
	free_entry(entry);
}

static void recheck_fn(struct work_struct *work)
{
	struct refused_device *entry, *next;
	LIST_HEAD(now);

	mutex_lock(&lock);
	list_splice_init(&devices, &now);
	mutex_unlock(&lock);
	list_for_each_entry_safe(entry, next, &now, link)
		recheck_device(entry);
}

/* Does not find a device that is being checked; the next check sees that it was removed. */
void probe_retry_drop(const struct pci_dev *pdev)
{
	struct refused_device *entry;

	mutex_lock(&lock);
	entry = find_locked(pdev);
	if (entry) {
		list_del(&entry->link);
		free_entry(entry);
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
	struct refused_device *entry, *next;

	cancel_delayed_work_sync(&recheck_work);
	list_for_each_entry_safe(entry, next, &devices, link)
		free_entry(entry);
}
