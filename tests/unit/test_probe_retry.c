// SPDX-License-Identifier: GPL-2.0
/*
 * A device that the module has refused is checked again and taken when it is ours, and is left
 * alone once an administrator has unbound it.
 */
/* links: guest-kmod/device/active_device.c */
/* includes: tests/fakes/kernel */
#include "tests/fakes/pci_driver.h"
#include "tests/fakes/work_queue.h"

#include "guest-kmod/device/ivshmem_bar.c"
#include "guest-kmod/device/probe_retry.c"

#include "tests/unit/ivshmem_bar_rig.h"

/* The module was loaded, and the magic is not there yet. */
static int setup(void **state)
{
	memset(&pci_device, 0, sizeof(pci_device));
	verdict = -ENODEV;
	return device_attach(&pci_device.dev);
}

static int teardown(void **state)
{
	if (is_bound())
		unbind();
	ivshmem_bar_unregister();
	devices = (struct list_head){ &devices, &devices };
	return pci_device.dev.users != 0;
}

static void a_refused_device_is_taken_when_it_is_ours(void **state)
{
	assert_true(work_queue_run(&recheck_work));
	assert_false(is_bound());
	verdict = 0;
	assert_true(work_queue_run(&recheck_work));
	assert_true(is_bound());
	assert_false(work_queue_run(&recheck_work));
}

static void a_device_that_was_unbound_is_left_alone(void **state)
{
	verdict = 0;
	assert_true(work_queue_run(&recheck_work));
	unbind();
	assert_false(work_queue_run(&recheck_work));
	assert_false(is_bound());
}

static void a_refused_device_that_was_bound_and_unbound_is_left_alone(void **state)
{
	verdict = 0;
	assert_int_equal(device_attach(&pci_device.dev), 1);
	unbind();
	looks = 0;
	while (work_queue_run(&recheck_work))
		;
	assert_false(is_bound());
	assert_int_equal(looks, 0);
}

/* The check that was due ran beside, and could not have the device's lock. */
static void a_check_beside_the_binding_changes_nothing(void **state)
{
	verdict = 0;
	assert_true(device_trylock(&pci_device.dev));
	assert_true(work_queue_run(&recheck_work));
	assert_true(bind_locked());
	device_unlock(&pci_device.dev);
	assert_true(work_queue_run(&recheck_work));
	assert_false(work_queue_run(&recheck_work));
	unbind();
	assert_false(work_queue_run(&recheck_work));
	assert_false(is_bound());
}

static void a_device_that_is_gone_is_forgotten(void **state)
{
	pci_device.dev.removed = true;
	assert_true(work_queue_run(&recheck_work));
	assert_false(work_queue_run(&recheck_work));
	assert_int_equal(pci_device.dev.users, 0);
}

static void a_device_that_can_never_be_used_is_not_checked_again(void **state)
{
	probe_retry_drop(&pci_device);
	verdict = -EOPNOTSUPP;
	assert_int_equal(device_attach(&pci_device.dev), 0);
	assert_int_equal(pci_device.dev.users, 0);
}

RUN_TESTS(NULL, NULL,
	  TEST(a_refused_device_is_taken_when_it_is_ours),
	  TEST(a_device_that_was_unbound_is_left_alone),
	  TEST(a_refused_device_that_was_bound_and_unbound_is_left_alone),
	  TEST(a_check_beside_the_binding_changes_nothing),
	  TEST(a_device_that_is_gone_is_forgotten),
	  TEST(a_device_that_can_never_be_used_is_not_checked_again),
)
