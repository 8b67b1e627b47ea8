// SPDX-License-Identifier: GPL-2.0
/*
 * Where the guest sees the ivshmem device: behind bridges, beside others of its kind, and
 * before it has an address.
 */
/* links: host-agent/cli/doctor/ivshmem_place.c */
/* libs: jansson */
#include "host-agent/cli/doctor/ivshmem_place.h"
#include "tests/unit/unit.h"

#define MIB	1048576

static json_t *device(int bus, int slot, int id, json_int_t size, json_int_t address)
{
	return json_pack("{s:i, s:i, s:i, s:{s:i, s:i}, s:[{s:i, s:i, s:i}, {s:i, s:I, s:I}]}",
			 "bus", bus, "slot", slot, "function", 0,
			 "id", "vendor", 0x1af4, "device", id,
			 "regions", "bar", 0, "size", 256, "address", 4096,
			 "bar", 2, "size", size, "address", address);
}

static bool find(struct ivshmem_place *place, json_t *devices)
{
	json_t *buses = json_pack("[{s:i, s:[]}, {s:i, s:o}]", "bus", 0, "devices", "bus", 1,
				  "devices", devices);
	bool found = ivshmem_place_find(place, buses, MIB);

	json_decref(buses);
	return found;
}

static void it_is_told_from_others(void **state)
{
	struct ivshmem_place place;

	assert_true(find(&place, json_pack("[o, o, o]", device(0, 3, 0x1000, MIB, 1),
					   device(0, 4, 0x1110, 2 * MIB, 2),
					   device(0, 5, 0x1110, MIB, 0xfe000000))));
	assert_string_equal(place.slot, "0000:00:05.0");
	assert_int_equal(place.address, 0xfe000000);
	assert_false(find(&place, json_pack("[o]", device(0, 4, 0x1110, 2 * MIB, 2))));
}

static void it_is_found_behind_a_bridge(void **state)
{
	struct ivshmem_place place;
	json_t *bridge = json_pack("{s:{s:[o]}}", "pci_bridge", "devices",
				   device(3, 31, 0x1110, MIB, 0x4000000000));

	assert_true(find(&place, json_pack("[o]", bridge)));
	assert_string_equal(place.slot, "0000:03:1f.0");
	assert_int_equal(place.address, 0x4000000000);
}

static void one_without_an_address_has_none(void **state)
{
	struct ivshmem_place place;

	assert_true(find(&place, json_pack("[o]", device(0, 4, 0x1110, MIB, -1))));
	assert_int_equal(place.address, 0);
}

static void an_answer_that_makes_no_sense_has_no_device(void **state)
{
	struct ivshmem_place place;
	json_t *odd = json_pack("[{s:s}, i]", "devices", "none", 5);

	assert_false(ivshmem_place_find(&place, NULL, MIB));
	assert_false(ivshmem_place_find(&place, odd, MIB));
	assert_false(find(&place, json_pack("[{}, {s:i}, []]", "regions", 1)));
	json_decref(odd);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(it_is_told_from_others),
		cmocka_unit_test(it_is_found_behind_a_bridge),
		cmocka_unit_test(one_without_an_address_has_none),
		cmocka_unit_test(an_answer_that_makes_no_sense_has_no_device),
)
