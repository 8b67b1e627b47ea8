// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI driver: finds the ivshmem device whose BAR 2 is a freehint region and
 * leaves every other ivshmem device alone.
 *
 * The PCI id belongs to everyone who uses ivshmem. A device is kept only when
 * freehint_publisher_attach() recognises its BAR, and not one byte is written
 * before that: somebody else's shared memory is somebody else's data.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/slab.h>

#include "guest_stats.h"
#include "ivshmem_bar.h"
#include "round_worker.h"
#include "../proto/guest_publish.h"

#define IVSHMEM_VENDOR	0x1af4
#define IVSHMEM_DEVICE	0x1110
#define IVSHMEM_BAR	2

/**
 * struct ivshmem_bar - the device we keep
 * @base:   BAR 2, mapped
 * @size:   bytes of it
 * @worker: serves it
 * @stats:  what the worker counts
 */
struct ivshmem_bar {
	void *base;
	u64 size;
	struct round_worker *worker;
	struct guest_stats stats;
};

/*
 * Bit 0: a device is kept. Two regions would mean two hosts to answer, and one
 * guest has one memory to tell about.
 */
static unsigned long bar_in_use;

static int map_bar(struct pci_dev *pdev, struct ivshmem_bar *bar)
{
	if (!(pci_resource_flags(pdev, IVSHMEM_BAR) & IORESOURCE_MEM))
		return -ENODEV;
	bar->size = pci_resource_len(pdev, IVSHMEM_BAR);
	/* The other side is memory too: cached is coherent and the only fast way. */
	bar->base = memremap(pci_resource_start(pdev, IVSHMEM_BAR), bar->size, MEMREMAP_WB);
	return bar->base ? 0 : -ENOMEM;
}

/* Return: 0 when the BAR is ours, else -ENODEV after saying why it is not. */
static int prove_bar(struct pci_dev *pdev, const struct ivshmem_bar *bar)
{
	struct freehint_publisher pub;

	switch (freehint_publisher_attach(&pub, bar->base, bar->size)) {
	case 0:
		return 0;
	case -ENODEV:
		pci_info(pdev, "no freehint magic in BAR 2, left alone; if the host was not ready, bind it again later\n");
		break;
	case -EPROTO:
		pci_warn(pdev, "host speaks freehint versions %u to %u, this module %u to %u, left alone; update %s\n",
			 pub.host_version_min, pub.host_version, FREEHINT_VERSION_MIN,
			 FREEHINT_VERSION, freehint_older_side(&pub));
		break;
	default:
		pci_warn(pdev, "freehint sizes in BAR 2 contradict its %llu bytes, left alone; check the host's extension\n",
			 bar->size);
		break;
	}
	return -ENODEV;
}

static int claim_bar(struct pci_dev *pdev)
{
	if (!test_and_set_bit(0, &bar_in_use))
		return 0;
	pci_err(pdev, "another freehint region is in use already, remove one of the two devices\n");
	return -EBUSY;
}

static int start_worker(struct pci_dev *pdev, struct ivshmem_bar *bar)
{
	bar->worker = round_worker_start(&pdev->dev, bar->base, bar->size, &bar->stats);
	return PTR_ERR_OR_ZERO(bar->worker);
}

static int ivshmem_bar_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ivshmem_bar *bar;
	int ret;

	bar = kzalloc(sizeof(*bar), GFP_KERNEL);
	if (!bar)
		return -ENOMEM;
	ret = pci_enable_device_mem(pdev);
	if (ret)
		goto err_free;
	ret = pci_request_region(pdev, IVSHMEM_BAR, KBUILD_MODNAME);
	if (ret)
		goto err_disable;
	ret = map_bar(pdev, bar);
	if (ret)
		goto err_release;
	ret = prove_bar(pdev, bar);
	if (ret)
		goto err_unmap;
	ret = claim_bar(pdev);
	if (ret)
		goto err_unmap;
	ret = start_worker(pdev, bar);
	if (ret)
		goto err_unclaim;
	guest_stats_show(&bar->stats, &pdev->dev);
	pci_set_drvdata(pdev, bar);
	return 0;

err_unclaim:
	clear_bit(0, &bar_in_use);
err_unmap:
	memunmap(bar->base);
err_release:
	pci_release_region(pdev, IVSHMEM_BAR);
err_disable:
	pci_disable_device(pdev);
err_free:
	kfree(bar);
	return ret;
}

static void ivshmem_bar_remove(struct pci_dev *pdev)
{
	struct ivshmem_bar *bar = pci_get_drvdata(pdev);

	guest_stats_hide(&bar->stats);
	round_worker_halt(bar->worker);
	round_worker_free(bar->worker);
	clear_bit(0, &bar_in_use);
	memunmap(bar->base);
	pci_release_region(pdev, IVSHMEM_BAR);
	pci_disable_device(pdev);
	kfree(bar);
}

/*
 * Reboot and kexec: the next kernel's free pages are not this one's. The device
 * stays enabled, as the next kernel may already look at it.
 */
static void ivshmem_bar_shutdown(struct pci_dev *pdev)
{
	struct ivshmem_bar *bar = pci_get_drvdata(pdev);

	round_worker_halt(bar->worker);
}

static int ivshmem_bar_suspend(struct device *dev)
{
	struct ivshmem_bar *bar = dev_get_drvdata(dev);

	round_worker_suspend(bar->worker);
	return 0;
}

/* Nothing to resume: the worker finds that no hello stands there and says it. */
static DEFINE_SIMPLE_DEV_PM_OPS(ivshmem_bar_pm_ops, ivshmem_bar_suspend, NULL);

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
	.driver.pm = pm_sleep_ptr(&ivshmem_bar_pm_ops),
};

int ivshmem_bar_register(void)
{
	return pci_register_driver(&ivshmem_bar_driver);
}

void ivshmem_bar_unregister(void)
{
	pci_unregister_driver(&ivshmem_bar_driver);
}
