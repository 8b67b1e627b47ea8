/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel's drivers as ivshmem_bar.c and probe_retry.c of guest-kmod/device/ use:
 * one driver, which a test binds and unbinds as the kernel does.
 */
#ifndef FREEHINT_PCI_DRIVER_H
#define FREEHINT_PCI_DRIVER_H

#include "tests/fakes/pci_device.h"

#define KBUILD_MODNAME		"freehint"

struct dev_pm_ops {
	int (*suspend)(struct device *dev);
	int (*resume)(struct device *dev);
};

struct device_driver {
	const struct dev_pm_ops *pm;
};

struct pci_device_id {
	unsigned int vendor;
	unsigned int device;
};

typedef enum {
	PCI_ERS_RESULT_CAN_RECOVER = 2,
	PCI_ERS_RESULT_NEED_RESET,
	PCI_ERS_RESULT_DISCONNECT,
	PCI_ERS_RESULT_RECOVERED,
} pci_ers_result_t;

struct pci_error_handlers {
	pci_ers_result_t (*error_detected)(struct pci_dev *pdev, pci_channel_state_t state);
	pci_ers_result_t (*slot_reset)(struct pci_dev *pdev);
	void (*reset_prepare)(struct pci_dev *pdev);
	void (*reset_done)(struct pci_dev *pdev);
};

struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	int (*probe)(struct pci_dev *pdev, const struct pci_device_id *id);
	void (*remove)(struct pci_dev *pdev);
	void (*shutdown)(struct pci_dev *pdev);
	const struct pci_error_handlers *err_handler;
	struct device_driver driver;
};

#define PCI_DEVICE(v, d)		.vendor = (v), .device = (d)
#define MODULE_DEVICE_TABLE(bus, ids)	static_assert(sizeof(ids) > 0, "a table of ids")
#define DEFINE_SIMPLE_DEV_PM_OPS(name, sleeps, wakes) \
	const struct dev_pm_ops name = { .suspend = (sleeps), .resume = (wakes) }
#define pm_sleep_ptr(ops)		(ops)

#define pci_register_driver(driver)	((void)(driver), 0)
#define pci_unregister_driver(driver)	((void)(driver))
#define pci_disable_device(pdev)	((void)(pdev))
#define pci_request_region(pdev, bar, name)	((void)(pdev), 0)
#define pci_release_region(pdev, bar)	((void)(pdev))
#define pci_set_drvdata(pdev, value)	((pdev)->dev.data = (value))
#define pci_get_drvdata(pdev)		((pdev)->dev.data)
#define dev_get_drvdata(device)		((device)->data)
#define pci_err(pdev, ...)		device_log(&(pdev)->dev, __VA_ARGS__)

static inline int pci_enable_device_mem(struct pci_dev *pdev)
{
	pdev->command |= PCI_COMMAND_MEMORY;
	return 0;
}

/* What is saved can be restored once, unless a driver says that it is there. */
static inline int pci_save_state(struct pci_dev *pdev)
{
	pdev->state_saved = true;
	pdev->saved_address = pdev->silent ? UINT64_MAX : pdev->address;
	return pci_read_config_word(pdev, PCI_COMMAND, &pdev->saved_command);
}

static inline void pci_restore_state(struct pci_dev *pdev)
{
	if (pdev->state_saved && !pdev->silent)
		pdev->address = pdev->saved_address;
	if (pdev->state_saved)
		pci_write_config_word(pdev, PCI_COMMAND, pdev->saved_command);
	pdev->state_saved = false;
}

#define pci_dev_put(pdev)		((pdev)->dev.users--)
#define device_is_registered(device)	(!(device)->removed)
#define device_unlock(device)		((device)->locked = false)
#define pci_lock_rescan_remove()	((void)0)
#define pci_unlock_rescan_remove()	((void)0)

static inline struct pci_dev *pci_dev_get(struct pci_dev *pdev)
{
	pdev->dev.users++;
	return pdev;
}

static inline bool device_trylock(struct device *dev)
{
	bool locked = dev->locked;

	dev->locked = true;
	return !locked;
}

/** device_attach() - have the drivers probe a device; Return: 1 if one was bound; a test's */
int device_attach(struct device *dev);

#endif /* FREEHINT_PCI_DRIVER_H */
