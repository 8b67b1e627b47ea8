// SPDX-License-Identifier: GPL-2.0
/*
 * doctor's look at a running virtual machine: the extension, the region, the guest's
 * module, and what stands against hinting.
 */
#include "check_vm.h"

#include "findings.h"
#include "host-agent/json_natural.h"
#include "include/freehint/qmp_names.h"
#include "include/freehint/shm_layout.h"
#include "qmp_call.h"

/* Smallest power of two that holds the header and a bit for each page. */
static u64 region_for(u64 pages)
{
	u64 size = 8192;

	while (size < FREEHINT_HEADER_SIZE + pages / 8)
		size *= 2;
	return size;
}

static void check_size(u64 capacity, u64 pages)
{
	if (capacity >= pages)
		finding_fine("the region describes all of the guest's memory");
	else
		finding_wrong("the region describes %llu GiB, the guest's memory ends at %llu "
			      "GiB: what lies above is sent; give the backend size=%lluM",
			      (unsigned long long)capacity >> 18,
			      (unsigned long long)pages >> 18,
			      (unsigned long long)(region_for(pages) + (1 << 20) - 1) >> 20);
}

static void check_guest(const json_t *status)
{
	const json_t *guest = json_object_get(status, "guest");
	const char *contract = json_string_value(json_object_get(guest, "contract"));

	if (!json_is_true(json_object_get(guest, "present"))) {
		finding_wrong("the guest's module has not said hello: load freehint.ko in the "
			      "guest, its kernel log tells why it would not");
		return;
	}
	finding_fine("the guest's module is there, free pages are %s to it",
		     contract ? contract : "nothing");
	check_size(json_natural(json_object_get(status, "region"), "capacity"),
		   json_natural(guest, "end-pfn"));
}

static void check_status(const json_t *status)
{
	const json_t *region = json_object_get(status, "region");
	const char *why = json_string_value(json_object_get(status, "refused"));
	const char *state = json_string_value(json_object_get(status, "state"));

	if (!json_natural(region, "size")) {
		finding_wrong("no region: %s", why ? why : "the guest has not run yet");
		return;
	}
	finding_fine("memory backend '%s' has %llu KiB",
		     json_string_value(json_object_get(region, "memdev")),
		     (unsigned long long)json_natural(region, "size") >> 10);
	check_guest(status);
	if (why)
		finding_wrong("hinting is refused: %s", why);
	else
		finding_fine("nothing stands against hinting");
	if (state && *state == 'o')
		finding_note("reporting is off: give " FREEHINT_QMP_START " before the migration");
}

void check_vm(const char *socket)
{
	struct qmp_call call;
	json_t *status = NULL;

	if (qmp_call_open(&call, socket)) {
		finding_wrong("%s", call.error);
		goto out;
	}
	status = qmp_call(&call, FREEHINT_QMP_QUERY, NULL);
	if (status)
		check_status(status);
	else if (call.absent)
		finding_wrong("this QEMU runs without the extension: start it with -plugin "
			      "file=freehint-qemu.so");
	else
		finding_wrong("%s", call.error);
out:
	json_decref(status);
	qmp_call_close(&call);
}
