// SPDX-License-Identifier: GPL-2.0
/*
 * doctor on the memory type of BAR 2: it says what follows from the address, and no more than
 * the host can know.
 */
/* links: host-agent/cli/doctor/check_vm.c host-agent/cli/doctor/ivshmem_place.c */
/* links: host-agent/cli/region/region_size.c */
/* libs: jansson */
#include "host-agent/cli/doctor/check_give_back.h"
#include "host-agent/cli/doctor/check_vm.h"
#include "host-agent/cli/terminal/findings.h"
#include "include/freehint/qmp_names.h"
#include "tests/unit/unit.h"

#define MIB	1048576

static char fine[4096], noted[4096];
static const char *target;
static json_int_t address;
static const char *state_name;
/* What the query says of autostart; an extension before it says nothing. */
static json_t *autostart;

static json_t *status_answer(void)
{
	return json_pack("{s:s, s:O*, s:{s:s, s:i, s:i}, s:{s:b, s:s, s:i, s:i}}", "state",
			 state_name, "autostart", autostart, "region", "memdev", "freehint",
			 "size", MIB, "capacity", 1 << 23, "guest", "present", 1, "contract",
			 "dead", "poll-us", 1000, "end-pfn", 1 << 18);
}

static json_t *pci_answer(void)
{
	return json_pack("[{s:[{s:i, s:i, s:i, s:{s:i, s:i}, s:[{s:i, s:i, s:I}]}]}]", "devices",
			 "bus", 0, "slot", 4, "function", 0, "id", "vendor", 0x1af4,
			 "device", 0x1110, "regions", "bar", 2, "size", MIB, "address", address);
}

int qmp_call_open(struct qmp_call *call, const char *path)
{
	memset(call, 0, sizeof(*call));
	return 0;
}

void qmp_call_close(struct qmp_call *call)
{
}

json_t *qmp_call(struct qmp_call *call, const char *command, json_t *args)
{
	json_decref(args);
	if (!strcmp(command, FREEHINT_QMP_QUERY))
		return status_answer();
	if (!strcmp(command, "query-pci"))
		return pci_answer();
	if (!strcmp(command, "query-target") && target)
		return json_pack("{s:s}", "arch", target);
	return NULL;
}

void check_give_back(struct qmp_call *call, const json_t *status)
{
}

__attribute__((format(printf, 2, 0)))
static void add(char *text, const char *fmt, va_list args)
{
	vsnprintf(text + strlen(text), sizeof(fine) - strlen(text), fmt, args);
}

void finding_ok(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(fine, fmt, args);
	va_end(args);
}

void finding_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(noted, fmt, args);
	va_end(args);
}

void finding_wrong(const char *fmt, ...)
{
	fail_msg("nothing is wrong: %s", fmt);
}

static int setup(void **state)
{
	fine[0] = '\0';
	noted[0] = '\0';
	target = "x86_64";
	state_name = "ready";
	autostart = NULL;
	return 0;
}

static void check_at(json_int_t at)
{
	address = at;
	check_vm("socket");
	assert_non_null(strstr(fine, "hinting is possible"));
}

static void above_4_gib_the_firmware_decides(void **state)
{
	check_at(0x4000000000);
	assert_non_null(strstr(fine, "0x4000000000"));
	assert_non_null(strstr(fine, "write-back with SeaBIOS"));
	assert_non_null(strstr(fine, "write-combining with OVMF"));
	assert_non_null(strstr(fine, "/sys/kernel/debug/freehint/memory_type"));
	assert_string_equal(noted, "");
}

/* The port's name depends on the machine, so the manual has it. */
static void below_4_gib_a_port_helps_with_seabios(void **state)
{
	check_at(0xfe000000);
	assert_non_null(strstr(noted, "0xfe000000"));
	assert_non_null(strstr(noted, "write-combining"));
	assert_non_null(strstr(noted, "pref64-reserve=4G"));
	assert_non_null(strstr(noted, "freehint(4)"));
	assert_non_null(strstr(noted, "with OVMF nothing helps"));
	assert_non_null(strstr(noted, "/sys/kernel/debug/freehint/memory_type"));
	assert_null(strstr(noted, "pcie-root-port"));
	assert_null(strstr(noted, "slowly"));
}

static void other_machines_have_one_type(void **state)
{
	static const char *const others[] = { "aarch64", NULL };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		setup(state);
		target = others[i];
		check_at(0x10000000);
		check_at(0x8000000000);
		assert_null(strstr(fine, "BAR 2"));
		assert_string_equal(noted, "");
	}
}

static void without_an_address_there_is_nothing_to_say(void **state)
{
	check_at(-1);
	assert_null(strstr(fine, "BAR 2"));
	assert_string_equal(noted, "");
}

static void who_starts_reporting_is_said_while_it_is_off(void **state)
{
	check_at(-1);
	assert_null(strstr(fine, "reporting"));
	state_name = "off";
	check_at(-1);
	assert_non_null(strstr(noted, "run " FREEHINT_QMP_START));
	setup(state);
	state_name = "off";
	autostart = json_false();
	check_at(-1);
	assert_non_null(strstr(noted, "run " FREEHINT_QMP_START));
	setup(state);
	state_name = "off";
	autostart = json_true();
	check_at(-1);
	assert_string_equal(noted, "");
	assert_non_null(strstr(fine, "reporting starts with each migration (autostart=on)"));
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test_setup(above_4_gib_the_firmware_decides, setup),
		cmocka_unit_test_setup(below_4_gib_a_port_helps_with_seabios, setup),
		cmocka_unit_test_setup(other_machines_have_one_type, setup),
		cmocka_unit_test_setup(who_starts_reporting_is_said_while_it_is_off, setup),
		cmocka_unit_test_setup(without_an_address_there_is_nothing_to_say, setup),
)
