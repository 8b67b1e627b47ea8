// SPDX-License-Identifier: GPL-2.0
/*
 * freehint.ko: reports to the host which pages of this guest are free, so that a live
 * migration need not send them, and gives free pages back when the host asks for them.
 *
 * Reading order: device/bar_probe.c checks for the region, device/ivshmem_bar.c binds to the
 * device, device/probe_retry.c checks refused devices again, device/pci_watch.c logs which
 * other driver has the device, round/round_worker.c answers the host, scan/free_scan.c reads
 * the allocator's free pages, proto/guest_publish.c writes the shared bytes.
 * give-back/give_back_work.c starts and ends the host's sessions of giving memory back,
 * give-back/give_back_session.c serves one, give-back/page_reporter.c has the kernel isolate
 * blocks, give-back/offer_wait.c offers them.
 * docs/guest-module.md explains how they work together.
 */
#include <linux/module.h>

#include "../include/freehint/version.h"
#include "scan/free_scan.h"
#include "device/ivshmem_bar.h"
#include "device/pci_watch.h"

static int __init freehint_init(void)
{
	int ret;

	ret = free_scan_init();
	if (ret)
		return ret;
	ret = ivshmem_bar_register();
	if (ret)
		goto err_scan;
	ret = pci_watch_start();
	if (ret)
		goto err_unregister;
	return 0;

err_unregister:
	ivshmem_bar_unregister();
err_scan:
	free_scan_exit();
	return ret;
}
module_init(freehint_init);

static void __exit freehint_exit(void)
{
	pci_watch_stop();
	ivshmem_bar_unregister();
	free_scan_exit();
}
module_exit(freehint_exit);

MODULE_DESCRIPTION("Reports the guest's free pages to the host, and gives them back when it asks");
MODULE_AUTHOR("The freehint maintainers");
MODULE_VERSION(FREEHINT_RELEASE);
MODULE_LICENSE("GPL");
