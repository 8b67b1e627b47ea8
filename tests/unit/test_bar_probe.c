// SPDX-License-Identifier: GPL-2.0
/*
 * The guest module looks at an ivshmem device on a machine whose firmware leaves memory
 * decoding off, as on arm64: whatever is not a freehint region is afterwards as it was.
 */
/* links: guest-kmod/device/bar_probe.c proto/guest_publish.c proto/host_request.c */
/* links: proto/host_snapshot.c */
/* includes: tests/fakes/kernel */
#include "tests/fakes/pci_device.h"
#include "guest-kmod/device/bar_probe.h"
#include "proto/guest_publish.h"
#include "tests/unit/region.h"
#include "tests/unit/unit.h"

#define SHM_SIZE	(64ULL << 10)
#define BUS_MASTER	4

struct pci_dev pci_device;
static struct resource window;
static struct region region;
static struct freehint_publisher seen;

static int setup(void **state)
{
	struct resource *bar = &pci_device.resource[IVSHMEM_BAR];

	memset(&pci_device, 0, sizeof(pci_device));
	region = region_make(SHM_SIZE);
	bar->start = (uintptr_t)region.base;
	bar->end = bar->start + SHM_SIZE - 1;
	bar->flags = IORESOURCE_MEM;
	bar->parent = &window;
	pci_device.command = BUS_MASTER;
	return 0;
}

static int teardown(void **state)
{
	return munmap(region.base, region.size);
}

static void assert_as_it_was(int verdict, u16 command)
{
	pci_device.command = command;
	assert_int_equal(bar_probe(&pci_device, &seen), verdict);
	assert_int_equal(pci_device.command, command);
	assert_int_equal(pci_device.mapped, 0);
	assert_false(pci_device.locked);
	assert_int_equal(pci_device.loose, 0);
}

static void our_device_keeps_decoding(void **state)
{
	assert_int_equal(bar_probe(&pci_device, &seen), 0);
	assert_int_equal(pci_device.command, BUS_MASTER | PCI_COMMAND_MEMORY);
	assert_int_equal(pci_device.loose, 0);
	assert_false(pci_device.locked);
}

static void foreign_device_is_as_it_was(void **state)
{
	region.shm->host_hello.magic = 0;
	assert_as_it_was(-ENODEV, 0);
	assert_as_it_was(-ENODEV, BUS_MASTER);
}

static void refused_region_is_as_it_was(void **state)
{
	region.shm->host_hello.region_size = 0;
	assert_as_it_was(-EINVAL, BUS_MASTER);
	region.shm->host_hello.version_min = FREEHINT_VERSION + 1;
	assert_as_it_was(-EPROTO, BUS_MASTER);
}

static void device_that_cannot_be_mapped_is_as_it_was(void **state)
{
	pci_device.unmappable = true;
	assert_as_it_was(-ENOMEM, BUS_MASTER);
}

static void device_of_an_encrypted_guest_is_not_mapped(void **state)
{
	pci_device.encrypted = true;
	assert_as_it_was(-EOPNOTSUPP, BUS_MASTER);
	assert_as_it_was(-EOPNOTSUPP, PCI_COMMAND_MEMORY);
	pci_device.unmappable = true;
	assert_as_it_was(-EOPNOTSUPP, PCI_COMMAND_MEMORY);
	assert_int_equal(pci_device.writes, 0);
}

static void device_that_decodes_is_not_written_to(void **state)
{
	assert_as_it_was(0, PCI_COMMAND_MEMORY);
	region.shm->host_hello.magic = 0;
	assert_as_it_was(-ENODEV, PCI_COMMAND_MEMORY);
	assert_int_equal(pci_device.writes, 0);
}

static void device_in_somebody_elses_hands_is_not_written_to(void **state)
{
	pci_device.busy = true;
	assert_as_it_was(-EAGAIN, 0);
	assert_as_it_was(-EAGAIN, U16_MAX);
	pci_device.resource[IVSHMEM_BAR].parent = NULL;
	assert_as_it_was(-ENXIO, 0);
	assert_int_equal(pci_device.writes, 0);
}

/* A kernel with pages of 64 KiB, and a region of less. */
static void bar_of_less_than_a_page_is_not_mapped(void **state)
{
	struct resource *bar = &pci_device.resource[IVSHMEM_BAR];

	bar->end = bar->start + PAGE_SIZE / 2 - 1;
	assert_as_it_was(-ERANGE, PCI_COMMAND_MEMORY);
	bar_log_refusal(&pci_device, -ERANGE, &seen);
	assert_non_null(strstr(pci_device.dev.said, "a page of this kernel"));
	bar->end = bar->start + PAGE_SIZE - 1;
	region.shm->host_hello.magic = 0;
	assert_as_it_was(-ENODEV, PCI_COMMAND_MEMORY);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test_setup_teardown(our_device_keeps_decoding, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_device_is_as_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_region_is_as_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(device_that_cannot_be_mapped_is_as_it_was, setup,
						teardown),
		cmocka_unit_test_setup_teardown(device_of_an_encrypted_guest_is_not_mapped, setup,
						teardown),
		cmocka_unit_test_setup_teardown(device_that_decodes_is_not_written_to, setup,
						teardown),
		cmocka_unit_test_setup_teardown(device_in_somebody_elses_hands_is_not_written_to,
						setup, teardown),
		cmocka_unit_test_setup_teardown(bar_of_less_than_a_page_is_not_mapped, setup,
						teardown),
)
