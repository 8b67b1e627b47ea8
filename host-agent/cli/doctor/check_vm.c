// SPDX-License-Identifier: GPL-2.0
/*
 * freehint doctor: check a running virtual machine: the extension, the region, the guest's
 * module, and what prevents hinting.
 */
#include "check_vm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../qmp/qmp_call.h"
#include "../region/region_file.h"
#include "../region/region_size.h"
#include "../terminal/findings.h"
#include "check_give_back.h"
#include "host-agent/common/json_natural.h"
#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"
#include "include/freehint/shm_layout.h"
#include "ivshmem_place.h"

#define FOUR_GIB	(1ULL << 32)
#define MEMORY_TYPE	"/sys/kernel/debug/freehint/memory_type"

static void check_size(u64 capacity, u64 pages)
{
	if (capacity >= pages)
		finding_ok("the region describes all of the guest's memory");
	else
		finding_wrong("the region describes %llu GiB, the guest's memory ends at %llu "
			      "GiB: free pages above that are sent; give the backend size=%lluM",
			      (unsigned long long)capacity >> 18,
			      (unsigned long long)pages >> 18,
			      (unsigned long long)region_mib_for(pages));
}

/* The host cannot find out which of these reasons applies. */
static void explain_missing_hello(const struct ivshmem_place *place)
{
	finding_wrong("the guest's module has not published its hello on device %s: load "
		      "freehint.ko in the guest (modprobe freehint)", place->slot);
	finding_note("if it is loaded: another driver (uio_pci_generic, vfio-pci, kvmfr) may have "
		     "the device; lspci -k -s %s in the guest names it. There, echo freehint to "
		     "driver_override, %s to driver/unbind, both in /sys/bus/pci/devices/%s, and "
		     "%s to /sys/bus/pci/drivers_probe", place->slot, place->slot, place->slot,
		     place->slot);
	finding_note("or the module refuses the guest's kernel: that kernel's log (dmesg | grep "
		     "freehint) has the reason; see freehint(4)");
}

/* The host sees the address. Only the guest sees the firmware's MTRRs, which decide the type. */
static void check_mapping(const struct ivshmem_place *place)
{
	unsigned long long address = place->address;

	if (address < FOUR_GIB)
		finding_note("BAR 2 of device %s is at 0x%llx, below 4 GiB: the guest maps it "
			     "write-combining (" MEMORY_TYPE " there has the type), which is safe, "
			     "and a scan may take a little longer; with SeaBIOS a port with "
			     "pref64-reserve=4G gives write-back, see MEMORY TYPE in freehint(4); "
			     "with OVMF nothing helps", place->slot, address);
	else
		finding_ok("BAR 2 of device %s is at 0x%llx, above 4 GiB: the guest maps it "
			   "write-back with SeaBIOS, write-combining with OVMF (" MEMORY_TYPE
			   " there has the type)", place->slot, address);
}

/* Other machines have no MTRRs: there the type does not depend on the place. */
static bool has_mtrrs(struct qmp_call *call)
{
	json_t *target = qmp_call(call, "query-target", NULL);
	const char *arch = json_string_value(json_object_get(target, "arch"));
	bool has = arch && !strcmp(arch, "x86_64");

	json_decref(target);
	return has;
}

static void check_guest(const json_t *status, const struct ivshmem_place *place)
{
	const json_t *guest = json_object_get(status, "guest");
	const char *contract = json_string_value(json_object_get(guest, "contract"));

	if (!json_is_true(json_object_get(guest, "present"))) {
		explain_missing_hello(place);
		return;
	}
	finding_ok("the guest's module is loaded, its contract for free pages is %s",
		     contract ? contract : "unknown");
	if (json_natural(guest, "poll-us") > FREEHINT_POLL_IDLE_US)
		finding_note("the guest polls only every %llu ms: a migration that starts "
			     "reporting by itself waits that long for its first hints, or runs "
			     "without them; lower poll_idle_ms in the guest",
			     (unsigned long long)json_natural(guest, "poll-us") / 1000);
	check_size(json_natural(json_object_get(status, "region"), "capacity"),
		   json_natural(guest, "end-pfn"));
}

/* Reporting is off. If the extension does not report "autostart", somebody has to start it. */
static void check_start(const json_t *status)
{
	if (json_is_true(json_object_get(status, "autostart")))
		finding_ok("reporting starts with each migration (autostart=on)");
	else
		finding_note("reporting is off: run " FREEHINT_QMP_START " before the migration");
}

/* What is refused while QEMU waits for the start or for a migration has a text of its own. */
static bool check_runs(struct qmp_call *call)
{
	json_t *answer = qmp_call(call, "query-status", NULL);
	const char *state = json_string_value(json_object_get(answer, "status"));
	bool runs = !state || !strcmp(state, "running");

	if (!runs && !strcmp(state, "postmigrate"))
		finding_note("the guest has migrated away and is stopped here: run freehint doctor "
			     "on the host where it runs");
	else if (!runs)
		finding_note("the guest does not run (%s): it cannot answer, so a migration now "
			     "has no hints; run cont first", state);
	json_decref(answer);
	return runs;
}

static bool is_running(struct qmp_call *call)
{
	json_t *answer = qmp_call(call, "query-status", NULL);
	const char *state = json_string_value(json_object_get(answer, "status"));
	bool running = state && !strcmp(state, "running");

	json_decref(answer);
	return running;
}

/* For whoever has given memdev= another id than the backend has. */
static void name_backends(struct qmp_call *call)
{
	json_t *backends = qmp_call(call, "query-memdev", NULL), *backend;
	const char *id;
	size_t i;

	json_array_foreach(backends, i, backend) {
		id = json_string_value(json_object_get(backend, "id"));
		if (id)
			finding_note("QEMU has the memory backend '%s', %llu KiB", id,
				     (unsigned long long)json_natural(backend, "size") >> 10);
	}
	json_decref(backends);
}

static void check_status(struct qmp_call *call, const json_t *status, const json_t *buses)
{
	struct ivshmem_place place = { .slot = "1af4:1110" };
	const json_t *region = json_object_get(status, "region");
	const char *why = json_string_value(json_object_get(status, "refused"));
	const char *state = json_string_value(json_object_get(status, "state"));

	if (!json_natural(region, "size")) {
		finding_wrong("no region: %s", why ? why : "the guest has not run yet");
		name_backends(call);
		return;
	}
	finding_ok("memory backend '%s' has %llu KiB",
		     json_string_value(json_object_get(region, "memdev")),
		     (unsigned long long)json_natural(region, "size") >> 10);
	if (ivshmem_place_find(&place, buses, json_natural(region, "size")) && place.address &&
	    has_mtrrs(call))
		check_mapping(&place);
	check_guest(status, &place);
	if (why)
		finding_wrong("hinting is refused: %s", why);
	else if (check_runs(call))
		finding_ok("hinting is possible");
	if (state && !strcmp(state, "off"))
		check_start(status);
}

/*
 * postcopy-ram is set on the source, but the destination needs userfaultfd. With
 * x-ignore-shared QEMU compares where both sides have the region mapped (migration/ram.c,
 * ram_load_precopy()), and the destination has mapped nothing yet.
 */
static void check_capability(const char *name)
{
	if (!strcmp(name, "postcopy-ram"))
		finding_note("postcopy-ram is set: QEMU on the destination needs "
			     "userfaultfd; run freehint doctor there to check it");
	else if (!strcmp(name, "x-ignore-shared"))
		finding_wrong("x-ignore-shared is set: QEMU's destination refuses a guest that "
			      "uses an ivshmem device (\"Mismatched GPAs for block\"); clear it, or "
			      "unplug the device before the migration (device_del)");
}

static void check_capabilities(struct qmp_call *call)
{
	json_t *all = qmp_call(call, "query-migrate-capabilities", NULL), *one;
	const char *name;
	size_t i;

	json_array_foreach(all, i, one) {
		name = json_string_value(json_object_get(one, "capability"));
		if (name && json_is_true(json_object_get(one, "state")))
			check_capability(name);
	}
	json_decref(all);
}

/*
 * QEMU's hello may not be there while something is refused, such as an incoming migration. It is
 * there if only the guest's is missing, unless a reset has cleared both and the guest has not run.
 */
static bool has_hello(struct qmp_call *call, const json_t *status)
{
	static const char no_module[] = FREEHINT_REFUSED_NO_MODULE;
	const char *why = json_string_value(json_object_get(status, "refused"));

	return !why || (!strncmp(why, no_module, sizeof(no_module) - 1) && is_running(call));
}

/* Whoever cannot read the file does not learn it: check_access() says who can. */
static void check_file(struct qmp_call *call, const json_t *status, const char *path)
{
	u64 size = json_natural(json_object_get(status, "region"), "size");
	u64 instance = json_natural(status, "instance");
	struct shm_region region = { 0 };
	int ret = shm_region_guard();

	/* Without a region QEMU has no file; check_status() and check_shm() have the reasons. */
	if (!size || access(path, F_OK))
		return;
	if (!ret)
		ret = shm_region_map(&region, path, size);
	if (ret == -EACCES)
		finding_note("this user cannot read %s to see whether it is this QEMU's: run "
			     "freehint doctor as QEMU's user", path);
	else if (ret)
		finding_wrong("%s: %s; give the file of this QEMU with --shm", path,
			      region_file_reason(ret));
	else if (region_file_is_of(&region, instance))
		finding_ok("%s is the shared memory of this QEMU", path);
	else if (has_hello(call, status))
		finding_wrong(REGION_FILE_OTHER, path, (unsigned long long)instance);
	else
		finding_note("whether %s is this QEMU's shows when hinting is not refused", path);
	shm_region_unmap(&region);
}

static void check_connected(struct qmp_call *call, const char *shm)
{
	json_t *status = qmp_call(call, FREEHINT_QMP_QUERY, NULL), *buses = NULL;

	if (json_is_object(status)) {
		buses = qmp_call(call, "query-pci", NULL);
		check_status(call, status, buses);
		if (shm)
			check_file(call, status, shm);
		check_give_back(call, status);
		check_capabilities(call);
		/* What was asked since then has no answer, and would count as good. */
		if (call->broken)
			finding_wrong("%s", call->error);
	} else if (status) {
		finding_wrong("QEMU's answer to " FREEHINT_QMP_QUERY " is not valid: update freehint");
	} else if (call->absent) {
		finding_wrong("this QEMU runs without the extension: start it with -plugin "
			      "file=freehint-qemu.so");
	} else {
		finding_wrong("%s", call->error);
	}
	json_decref(buses);
	json_decref(status);
}

void check_vm(const char *socket, const char *shm)
{
	struct qmp_call call;

	if (qmp_call_open(&call, socket))
		finding_wrong("%s", call.error);
	else
		check_connected(&call, shm);
	qmp_call_close(&call);
}
