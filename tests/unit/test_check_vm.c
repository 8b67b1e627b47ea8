// SPDX-License-Identifier: GPL-2.0
/*
 * doctor on a running virtual machine: the memory type of BAR 2, as far as the host can know it,
 * who starts reporting, the file that has to be this QEMU's, and a QEMU that goes away.
 */
/* links: host-agent/cli/doctor/check_vm.c host-agent/cli/doctor/ivshmem_place.c */
/* links: host-agent/cli/region/region_size.c host-agent/cli/region/region_file.c */
/* links: host-agent/cli/terminal/complain.c host-agent/cli/terminal/printable_line.c */
/* links: host-agent/cli/terminal/progress.c host-agent/cli/terminal/terminal.c */
/* links: host-agent/common/standard_streams.c */
/* links: host-agent/common/shm_region.c host-agent/common/log.c */
/* links: host-agent/common/printable.c proto/host_snapshot.c proto/host_request.c */
/* libs: jansson */
#include "host-agent/cli/doctor/check_give_back.h"
#include "host-agent/cli/doctor/check_vm.h"
#include "host-agent/cli/terminal/findings.h"
#include "include/freehint/qmp_names.h"
#include "tests/unit/region.h"
#include "tests/unit/unit.h"

#define MIB	1048576

static char fine[4096], noted[4096], wronged[4096];
static const char *gone_at, *refused, *runstate;
static int region_size;
static const char *target;
static json_int_t address;
static const char *state_name;
/* What the query says of autostart; an extension before it says nothing. */
static json_t *autostart;

static json_t *status_answer(void)
{
	return json_pack("{s:s, s:s*, s:I, s:O*, s:{s:s, s:i, s:i}, s:{s:b, s:s, s:i, s:i}}",
			 "state", state_name, "refused", refused, "instance",
			 (json_int_t)REGION_INSTANCE, "autostart", autostart, "region", "memdev",
			 "freehint", "size", region_size, "capacity", 1 << 23, "guest", "present",
			 1, "contract", "dead", "poll-us", 1000, "end-pfn", 1 << 18);
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
	if (gone_at && !strcmp(command, gone_at)) {
		call->broken = true;
		strcpy(call->error, "QEMU closed the connection");
	}
	if (call->broken)
		return NULL;
	if (!strcmp(command, FREEHINT_QMP_QUERY))
		return status_answer();
	if (!strcmp(command, "query-memdev"))
		return json_pack("[{s:s, s:i}, {}]", "id", "hints", "size", MIB);
	if (!strcmp(command, "query-status"))
		return json_pack("{s:s}", "status", runstate);
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
	va_list args;

	va_start(args, fmt);
	add(wronged, fmt, args);
	va_end(args);
}

static int setup(void **state)
{
	fine[0] = '\0';
	noted[0] = '\0';
	wronged[0] = '\0';
	gone_at = NULL;
	refused = NULL;
	region_size = MIB;
	runstate = "running";
	target = "x86_64";
	state_name = "ready";
	autostart = NULL;
	return 0;
}

static void check_at(json_int_t at)
{
	address = at;
	check_vm("socket", NULL);
	assert_non_null(strstr(fine, "hinting is possible"));
	assert_string_equal(wronged, "");
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

static void a_guest_that_does_not_run_has_no_hints(void **state)
{
	runstate = "paused";
	check_vm("socket", NULL);
	assert_non_null(strstr(noted, "the guest does not run (paused)"));
	assert_null(strstr(fine, "hinting is possible"));
	setup(state);
	runstate = "postmigrate";
	check_vm("socket", NULL);
	assert_non_null(strstr(noted, "migrated away"));
	assert_null(strstr(fine, "hinting is possible"));
}

static void backends_that_exist_are_named_when_one_is_missing(void **state)
{
	region_size = 0;
	refused = "no memory backend 'freehint'";
	check_vm("socket", NULL);
	assert_non_null(strstr(wronged, refused));
	assert_non_null(strstr(noted, "the memory backend 'hints', 1024 KiB"));
}

/* The last questions have no answers that could tell what is wrong. */
static void a_qemu_that_goes_away_is_wrong(void **state)
{
	static const char *const questions[] = { "query-pci", "query-migrate-capabilities" };
	size_t i;

	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		setup(state);
		gone_at = questions[i];
		check_vm("socket", NULL);
		assert_string_equal(wronged, "QEMU closed the connection");
	}
}

static void the_file_has_to_be_that_of_the_qemu(void **state)
{
	char path[] = "/tmp/freehint-vm-XXXXXX";
	struct region region = region_make_file(path, MIB);

	check_vm("socket", path);
	assert_string_equal(wronged, "");
	assert_non_null(strstr(fine, "is the shared memory of this QEMU"));
	assert_int_equal(freehint_write_host_hello(region.shm, MIB, REGION_INSTANCE + 1), 0);
	check_vm("socket", path);
	assert_non_null(strstr(wronged, "does not contain this QEMU's instance 1234605616436508552:"));
	setup(state);
	memset(region.base, 0, FREEHINT_HEADER_SIZE);
	check_vm("socket", path);
	assert_non_null(strstr(wronged, "does not contain this QEMU's instance"));
	setup(state);
	assert_int_equal(truncate(path, MIB / 2), 0);
	check_vm("socket", path);
	assert_non_null(strstr(wronged, "smaller than QEMU's region; give the file of this QEMU"));
	/* A QEMU that waits for a migration leaves the file alone. */
	setup(state);
	refused = "the incoming migration has not completed";
	assert_int_equal(truncate(path, MIB), 0);
	check_vm("socket", path);
	assert_null(strstr(wronged, "instance"));
	/* One that misses only the guest's hello has written its own, if the guest runs. */
	setup(state);
	refused = FREEHINT_REFUSED_NO_MODULE "; load freehint.ko in the guest";
	check_vm("socket", path);
	assert_non_null(strstr(wronged, "does not contain this QEMU's instance"));
	setup(state);
	runstate = "paused";
	refused = FREEHINT_REFUSED_NO_MODULE "; load freehint.ko in the guest";
	check_vm("socket", path);
	assert_null(strstr(wronged, "instance"));
	assert_non_null(strstr(noted, "shows when hinting is not refused"));
	/* Others have said that it is not there. */
	setup(state);
	unlink(path);
	check_vm("socket", path);
	assert_string_equal(wronged, "");
	region_drop(&region);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test_setup(above_4_gib_the_firmware_decides, setup),
		cmocka_unit_test_setup(below_4_gib_a_port_helps_with_seabios, setup),
		cmocka_unit_test_setup(other_machines_have_one_type, setup),
		cmocka_unit_test_setup(who_starts_reporting_is_said_while_it_is_off, setup),
		cmocka_unit_test_setup(without_an_address_there_is_nothing_to_say, setup),
		cmocka_unit_test_setup(a_guest_that_does_not_run_has_no_hints, setup),
		cmocka_unit_test_setup(backends_that_exist_are_named_when_one_is_missing, setup),
		cmocka_unit_test_setup(a_qemu_that_goes_away_is_wrong, setup),
		cmocka_unit_test_setup(the_file_has_to_be_that_of_the_qemu, setup),
)
