// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI driver: binds to the ivshmem device whose BAR 2 is a freehint region and
 * refuses every other ivshmem device.
 *
 * Every user of ivshmem has the same PCI id. So probe calls bar_probe() first, which
 * changes nothing of the device. If BAR 2 is ours, probe enables the device, requests
 * and maps the region, and reads its header once more. Before that the module writes no
 * byte: the shared memory may hold data of another program.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "bar_mapping.h"
#include "bar_probe.h"
#include "../compat/compat.h"
#include "../core/guest_stats.h"
#include "ivshmem_bar.h"
#include "active_device.h"
#include "probe_retry.h"
#include "../round/round_worker.h"
#include "../../proto/guest_publish.h"

/**
 * struct ivshmem_bar - the bound device
 * @mapping: BAR 2, mapped
 * @worker:  serves the region
 * @stats:   counters of the worker
 * @saved:   the kernel has a state of the device in which it decodes memory
 */
struct ivshmem_bar {
	struct bar_mapping mapping;
	struct round_worker *worker;
	struct guest_stats stats;
	bool saved;
};

/* Return: 0 if the BAR is ours, else -ENODEV; then the reason was logged. */
static int check_bar(struct pci_dev *pdev)
{
	struct freehint_publisher seen;
	int verdict = bar_probe(pdev, &seen);

	if (!verdict)
		return 0;
	bar_log_refusal(pdev, verdict, &seen);
	if (verdict != -EOPNOTSUPP)
		probe_retry_add(pdev, verdict);
	return -ENODEV;
}

static int claim_bar(struct pci_dev *pdev)
{
	if (active_device_claim())
		return 0;
	pci_err(pdev, "another freehint region is in use already, remove one of the two devices\n");
	probe_retry_add(pdev, -EBUSY);
	return -EBUSY;
}

static void unclaim_bar(void)
{
	active_device_release();
	probe_retry_resume();
}

/* The worker reads the header again: it may have changed since bar_probe(). */
static int start_worker(struct pci_dev *pdev, struct ivshmem_bar *bar)
{
	bar->worker = round_worker_start(&pdev->dev, bar->mapping.base, bar->mapping.size,
					 &bar->stats);
	return PTR_ERR_OR_ZERO(bar->worker);
}

/*
 * Do not save the state of a device that does not answer (all ones) or that was reset (zeros):
 * pci_restore_state() would write it back.
 *
 * Return: true if it answers and decodes memory.
 */
static bool save_state(struct pci_dev *pdev)
{
	u16 command;

	if (!bar_read_command(pdev, &command) || !(command & PCI_COMMAND_MEMORY))
		return false;
	pci_save_state(pdev);
	return true;
}

/* The kernel takes it for used up after a reset, and before suspend(). It is there all the same. */
static void restore_state(struct pci_dev *pdev)
{
	const struct ivshmem_bar *bar = pci_get_drvdata(pdev);

	if (!bar->saved)
		return;
	pdev->state_saved = true;
	pci_restore_state(pdev);
}

/* Whoever switches memory decoding off by hand leaves the address in BAR 2 as it is. */
static bool was_reset(struct pci_dev *pdev)
{
	u32 low, high;
	u16 command;

	if (!bar_read_command(pdev, &command) || command & PCI_COMMAND_MEMORY)
		return false;
	/* The address may be a multiple of 4 GiB. */
	return !pci_read_config_dword(pdev, PCI_BASE_ADDRESS_2, &low) &&
	       !pci_read_config_dword(pdev, PCI_BASE_ADDRESS_3, &high) &&
	       !(low & PCI_BASE_ADDRESS_MEM_MASK) && !high;
}

/*
 * Call this with the device's lock held, before a wait for the end of an offer. An error recovery
 * may have reset the device, and its slot_reset() needs the lock: no host would answer before, and
 * both would wait for ever. No reset of the bus begins while we hold the lock.
 */
static void finish_reset(struct pci_dev *pdev)
{
	if (was_reset(pdev))
		restore_state(pdev);
}

static int ivshmem_bar_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ivshmem_bar *bar;
	int ret;

	ret = check_bar(pdev);
	if (ret)
		return ret;
	ret = claim_bar(pdev);
	if (ret)
		return ret;
	bar = kzalloc(sizeof(*bar), GFP_KERNEL);
	if (!bar) {
		ret = -ENOMEM;
		goto err_unclaim;
	}
	ret = pci_enable_device_mem(pdev);
	if (ret)
		goto err_free;
	ret = pci_request_region(pdev, IVSHMEM_BAR, KBUILD_MODNAME);
	if (ret)
		goto err_disable;
	ret = bar_mapping_create(&bar->mapping, pdev);
	if (ret)
		goto err_release;
	ret = start_worker(pdev, bar);
	if (ret)
		goto err_unmap;
	guest_stats_create(&bar->stats, &pdev->dev, bar->mapping.type);
	pci_set_drvdata(pdev, bar);
	bar->saved = save_state(pdev);
	/* An administrator may have bound it by hand before the next check. */
	probe_retry_drop(pdev);
	return 0;

err_unmap:
	bar_mapping_destroy(&bar->mapping);
err_release:
	pci_release_region(pdev, IVSHMEM_BAR);
err_disable:
	pci_disable_device(pdev);
err_free:
	kfree(bar);
err_unclaim:
	/* What failed may work later: no memory, or a process that has the BAR. */
	probe_retry_add(pdev, ret);
	unclaim_bar();
	return ret;
}

static void ivshmem_bar_remove(struct pci_dev *pdev)
{
	struct ivshmem_bar *bar = pci_get_drvdata(pdev);

	guest_stats_remove(&bar->stats);
	finish_reset(pdev);
	round_worker_halt(bar->worker);
	round_worker_free(bar->worker);
	bar_mapping_destroy(&bar->mapping);
	pci_release_region(pdev, IVSHMEM_BAR);
	pci_disable_device(pdev);
	kfree(bar);
	/* A check that ran beside probe may have put it back into the list. */
	probe_retry_drop(pdev);
	unclaim_bar();
}

/*
 * Reboot and kexec: the next kernel has other free pages, so the hello is cleared. The
 * device stays enabled, since the next kernel may already read it.
 */
static void ivshmem_bar_shutdown(struct pci_dev *pdev)
{
	struct ivshmem_bar *bar = pci_get_drvdata(pdev);

	finish_reset(pdev);
	round_worker_halt(bar->worker);
}

static int ivshmem_bar_suspend(struct device *dev)
{
	struct ivshmem_bar *bar = dev_get_drvdata(dev);

	finish_reset(to_pci_dev(dev));
	round_worker_pause(bar->worker);
	return 0;
}

/* The kernel has restored the device's state, which uses up what was saved. */
static void resume_bar(struct pci_dev *pdev)
{
	struct ivshmem_bar *bar = pci_get_drvdata(pdev);

	bar->saved = save_state(pdev);
	round_worker_resume(bar->worker);
}

static int ivshmem_bar_resume(struct device *dev)
{
	resume_bar(to_pci_dev(dev));
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(ivshmem_bar_pm_ops, ivshmem_bar_suspend,
				ivshmem_bar_resume);

/*
 * In a reset the device decodes no memory: stores are lost, and loads mean nothing. The
 * device's lock keeps suspend, shutdown and remove away meanwhile.
 */
static void ivshmem_bar_reset_prepare(struct pci_dev *pdev)
{
	struct ivshmem_bar *bar = pci_get_drvdata(pdev);

	finish_reset(pdev);
	round_worker_pause(bar->worker);
}

static void ivshmem_bar_reset_done(struct pci_dev *pdev)
{
	resume_bar(pdev);
}

/*
 * An error of the link (AER, DPC), from which the kernel recovers by a reset of all that is
 * behind the port. A device without this function fails the recovery for all others.
 *
 * Nothing is paused. Who pauses waits until the host has answered an offer, and a link that is
 * down brings no answer before slot_reset(). Thread and session wait for a device that decodes
 * no memory as they do at any time.
 */
static pci_ers_result_t ivshmem_bar_error_detected(struct pci_dev *pdev,
						   pci_channel_state_t state)
{
	if (state == pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_DISCONNECT;
	return state == pci_channel_io_normal ? PCI_ERS_RESULT_CAN_RECOVER :
						PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t ivshmem_bar_slot_reset(struct pci_dev *pdev)
{
	struct ivshmem_bar *bar = pci_get_drvdata(pdev);

	restore_state(pdev);
	bar->saved = save_state(pdev);
	return bar->saved ? PCI_ERS_RESULT_RECOVERED : PCI_ERS_RESULT_DISCONNECT;
}

static const struct pci_error_handlers ivshmem_bar_resets = {
	.error_detected = ivshmem_bar_error_detected,
	.slot_reset = ivshmem_bar_slot_reset,
	.reset_prepare = ivshmem_bar_reset_prepare,
	.reset_done = ivshmem_bar_reset_done,
};

static const struct pci_device_id ivshmem_bar_ids[] = {
	{ PCI_DEVICE(IVSHMEM_VENDOR, IVSHMEM_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, ivshmem_bar_ids);

static struct pci_driver ivshmem_bar_driver = {
	.name = KBUILD_MODNAME,
	.id_table = ivshmem_bar_ids,
	.probe = ivshmem_bar_probe,
	.remove = ivshmem_bar_remove,
	.shutdown = ivshmem_bar_shutdown,
	.err_handler = &ivshmem_bar_resets,
	.driver.pm = pm_sleep_ptr(&ivshmem_bar_pm_ops),
};

int ivshmem_bar_register(void)
{
	return pci_register_driver(&ivshmem_bar_driver);
}

void ivshmem_bar_unregister(void)
{
	pci_unregister_driver(&ivshmem_bar_driver);
	/* No probe can add a device to the list any more. */
	probe_retry_exit();
}

bool ivshmem_bar_is_ours(const struct device *dev)
{
	return dev->driver == &ivshmem_bar_driver.driver;
}
