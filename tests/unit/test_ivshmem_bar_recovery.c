// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel recovers from an error of the link by a reset of all that is behind a port: the
 * device decodes memory afterwards, as often as this happens, and nobody waits for it meanwhile.
 */
/* links: guest-kmod/device/active_device.c */
/* includes: tests/fakes/kernel */
#include "tests/fakes/pci_driver.h"
#include "tests/fakes/work_queue.h"

#include "guest-kmod/device/ivshmem_bar.c"
#include "guest-kmod/device/probe_retry.c"

#include "tests/unit/ivshmem_bar_rig.h"

static const struct pci_error_handlers *const handlers = &ivshmem_bar_resets;

/* It looks like 0 to who reads one half of the register. */
#define ADDRESS		(8ULL << 32)

static int setup(void **state)
{
	memset(&pci_device, 0, sizeof(pci_device));
	pci_device.address = ADDRESS;
	verdict = 0;
	paused = 0;
	dark_waits = 0;
	device_attach(&pci_device.dev);
	return !is_bound();
}

static int teardown(void **state)
{
	if (is_bound())
		unbind();
	ivshmem_bar_unregister();
	return pci_device.dev.users != 0;
}

/* It knows no address and decodes nothing. */
static void reset_bus(void)
{
	pci_device.command = 0;
	pci_device.address = 0;
}

static bool is_usable(void)
{
	return pci_device.command == PCI_COMMAND_MEMORY && pci_device.address == ADDRESS;
}

/* As pcie_do_recovery() does; a device without error_detected fails it for all others. */
static void recover(void)
{
	assert_int_equal(handlers->error_detected(&pci_device, pci_channel_io_frozen),
			 PCI_ERS_RESULT_NEED_RESET);
	/* Who waited for the end of an offer might wait for what the reset brings back. */
	assert_int_equal(paused, 0);
	reset_bus();
	assert_int_equal(handlers->slot_reset(&pci_device), PCI_ERS_RESULT_RECOVERED);
	assert_true(is_usable());
}

static void the_device_decodes_memory_after_each_recovery(void **state)
{
	recover();
	recover();
}

static void the_device_recovers_after_it_was_reset(void **state)
{
	pci_save_state(&pci_device);
	handlers->reset_prepare(&pci_device);
	reset_bus();
	pci_restore_state(&pci_device);
	handlers->reset_done(&pci_device);
	assert_int_equal(paused, 0);
	recover();
}

static void the_device_recovers_after_the_guest_has_slept(void **state)
{
	const struct dev_pm_ops *pm = ivshmem_bar_driver.driver.pm;

	pm->suspend(&pci_device.dev);
	pci_save_state(&pci_device);
	reset_bus();
	pci_restore_state(&pci_device);
	pm->resume(&pci_device.dev);
	recover();
}

static void a_device_that_does_not_answer_has_not_recovered(void **state)
{
	pci_device.silent = true;
	assert_int_equal(handlers->slot_reset(&pci_device), PCI_ERS_RESULT_DISCONNECT);
}

/* It was reset, and what was saved is no state in which it decodes memory. */
static void a_device_that_decodes_no_memory_has_not_recovered(void **state)
{
	reset_bus();
	handlers->reset_done(&pci_device);
	assert_int_equal(handlers->slot_reset(&pci_device), PCI_ERS_RESULT_DISCONNECT);
	assert_int_equal(pci_device.command, 0);
}

/* Whoever restores them would switch on what nobody has wanted. */
static void ones_of_a_device_that_does_not_answer_are_not_saved(void **state)
{
	const struct dev_pm_ops *pm = ivshmem_bar_driver.driver.pm;

	pci_device.silent = true;
	pm->suspend(&pci_device.dev);
	pci_save_state(&pci_device);
	pci_restore_state(&pci_device);
	pm->resume(&pci_device.dev);
	assert_int_equal(paused, 0);
	pci_device.silent = false;
	reset_bus();
	assert_int_equal(handlers->slot_reset(&pci_device), PCI_ERS_RESULT_DISCONNECT);
	assert_int_equal(pci_device.command, 0);
}

static void an_error_that_stops_nothing_needs_no_reset(void **state)
{
	assert_int_equal(handlers->error_detected(&pci_device, pci_channel_io_normal),
			 PCI_ERS_RESULT_CAN_RECOVER);
	assert_int_equal(handlers->error_detected(&pci_device, pci_channel_io_perm_failure),
			 PCI_ERS_RESULT_DISCONNECT);
}

/* The kernel has saved no state by then. */
static void sleep_now(void)
{
	pci_device.state_saved = false;
	ivshmem_bar_driver.driver.pm->suspend(&pci_device.dev);
}

static void shut_down(void)
{
	ivshmem_bar_driver.shutdown(&pci_device);
}

static void prepare_reset(void)
{
	handlers->reset_prepare(&pci_device);
}

/* Whoever waits for the end of an offer has the lock that slot_reset() needs. */
static void who_waits_before_slot_reset_ends_the_reset(void **state)
{
	void (*const waits[])(void) = { sleep_now, shut_down, prepare_reset, unbind };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		handlers->error_detected(&pci_device, pci_channel_io_frozen);
		reset_bus();
		waits[i]();
		assert_int_equal(dark_waits, 0);
		assert_true(is_usable());
		paused = 0;
		if (is_bound())
			recover();
	}
}

static void who_waits_leaves_a_device_alone_that_was_switched_off_by_hand(void **state)
{
	pci_device.command = 0;
	prepare_reset();
	assert_int_equal(pci_device.command, 0);
	assert_int_equal(dark_waits, 1);
}

static void who_waits_writes_nothing_to_a_device_that_does_not_answer(void **state)
{
	unsigned int writes = pci_device.writes;

	pci_device.silent = true;
	unbind();
	assert_int_equal(pci_device.writes, writes);
}

RUN_TESTS(NULL, NULL,
	  TEST(the_device_decodes_memory_after_each_recovery),
	  TEST(the_device_recovers_after_it_was_reset),
	  TEST(the_device_recovers_after_the_guest_has_slept),
	  TEST(a_device_that_does_not_answer_has_not_recovered),
	  TEST(a_device_that_decodes_no_memory_has_not_recovered),
	  TEST(ones_of_a_device_that_does_not_answer_are_not_saved),
	  TEST(an_error_that_stops_nothing_needs_no_reset),
	  TEST(who_waits_before_slot_reset_ends_the_reset),
	  TEST(who_waits_leaves_a_device_alone_that_was_switched_off_by_hand),
	  TEST(who_waits_writes_nothing_to_a_device_that_does_not_answer),
)
