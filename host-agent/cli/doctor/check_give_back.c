// SPDX-License-Identifier: GPL-2.0
/*
 * freehint doctor: what stands against giving memory back: the guest's kernel, the machine
 * as QEMU's extension sees it, the memory backends, and a balloon that has page reporting.
 *
 * The extension knows whether memory is locked, has a device of VFIO, or has pages that are
 * too large, and what the guest's module says against it, and reports that in "refused". Only
 * the backend to be changed is found here. The guest's module finds out that a balloon has page
 * reporting when it is asked, not before.
 */
#include "check_give_back.h"

#include <string.h>
#include <unistd.h>

#include "../terminal/findings.h"
#include "host-agent/common/give_back_status.h"
#include "host-agent/common/pressure_trigger.h"

#define OBJECTS		"/objects"

void check_pressure(void)
{
	int fd = pressure_trigger_open(PRESSURE_TRIGGER_HOST);

	if (fd < 0) {
		finding_note("this user cannot watch the host's memory pressure, the agent cannot "
			     "use --give-back=pressure: %s%s", strerror(-fd),
			     pressure_trigger_advice(fd));
		return;
	}
	close(fd);
	finding_ok("this user can watch the host's memory pressure (--give-back=pressure)");
}

static bool property(struct qmp_call *call, const char *parent, const char *id,
		     const char *name)
{
	char path[256];
	json_t *value;
	bool set;

	snprintf(path, sizeof(path), "%s/%s", parent, id);
	value = qmp_call(call, "qom-get", json_pack("{s:s, s:s}", "path", path, "property",
						    name));
	set = json_is_true(value);
	json_decref(value);
	return set;
}

/* Is its memory a file's or a memfd's? */
static bool is_file(const json_t *objects, const char *id)
{
	const char *name, *type;
	const json_t *object;
	size_t i;

	json_array_foreach(objects, i, object) {
		name = json_string_value(json_object_get(object, "name"));
		type = json_string_value(json_object_get(object, "type"));
		if (name && type && !strcmp(name, id))
			return !strcmp(type, "child<memory-backend-file>") ||
			       !strcmp(type, "child<memory-backend-memfd>");
	}
	return false;
}

static bool check_backend(struct qmp_call *call, const json_t *objects, const json_t *backend)
{
	const char *id = json_string_value(json_object_get(backend, "id"));
	bool file = is_file(objects, id), fine = true;

	if (json_is_true(json_object_get(backend, "prealloc"))) {
		finding_note("memory backend '%s' has prealloc=on: its memory is not given back; "
			     "start QEMU with prealloc=off", id);
		fine = false;
	}
	if (file && !property(call, OBJECTS, id, "share")) {
		finding_note("memory backend '%s' is a private mapping of a file: its memory is "
			     "not given back; give it share=on, or use memory-backend-ram", id);
		fine = false;
	}
	if (file && property(call, OBJECTS, id, "readonly")) {
		finding_note("memory backend '%s' is read-only: its memory is not "
			     "given back; give it a file that QEMU may write", id);
		fine = false;
	}
	return fine;
}

/* @path: of a backend, or its id, as old QEMUs have it */
static bool names(const json_t *path, const char *id)
{
	const char *text = json_string_value(path), *end = text ? strrchr(text, '/') : NULL;

	return text && !strcmp(end ? end + 1 : text, id);
}

static bool is_of_a_device(const json_t *devices, const char *id)
{
	const json_t *device;
	size_t i;

	json_array_foreach(devices, i, device)
		if (names(json_object_get(json_object_get(device, "data"), "memdev"), id))
			return true;
	return false;
}

/*
 * The region's own backend is preallocated on purpose, and QEMU may have some that nobody uses.
 * With memory in NUMA nodes the machine does not tell its backends: then each other one counts.
 */
static bool check_backends(struct qmp_call *call, const json_t *status)
{
	const char *own = json_string_value(json_object_get(json_object_get(status, "region"),
							    "memdev"));
	json_t *backends = qmp_call(call, "query-memdev", NULL), *backend;
	json_t *objects = qmp_call(call, "qom-list", json_pack("{s:s}", "path", OBJECTS));
	json_t *devices = qmp_call(call, "query-memory-devices", NULL);
	json_t *main = qmp_call(call, "qom-get", json_pack("{s:s, s:s}", "path", "/machine",
							   "property", "memory-backend"));
	bool fine = true, all = !json_string_length(main);
	const char *id;
	size_t i;

	json_array_foreach(backends, i, backend) {
		id = json_string_value(json_object_get(backend, "id"));
		if (id && (!own || strcmp(id, own) != 0) &&
		    (all || names(main, id) || is_of_a_device(devices, id)))
			fine &= check_backend(call, objects, backend);
	}
	json_decref(main);
	json_decref(devices);
	json_decref(objects);
	json_decref(backends);
	return fine;
}

static bool check_device(struct qmp_call *call, const char *parent, const json_t *device)
{
	const char *name = json_string_value(json_object_get(device, "name"));
	const char *type = json_string_value(json_object_get(device, "type"));
	static const char balloon[] = "child<virtio-balloon";

	if (!name || !type || strncmp(type, balloon, strlen(balloon)) != 0 ||
	    !property(call, parent, name, "free-page-reporting"))
		return true;
	finding_note("the balloon device '%s' has free-page-reporting=on: if the guest uses it, "
		     "it cannot give memory back by freehint; start QEMU without "
		     "free-page-reporting=on", name);
	return false;
}

static bool check_balloons(struct qmp_call *call)
{
	static const char *const parents[] = {
		"/machine/peripheral", "/machine/peripheral-anon",
	};
	json_t *devices, *device;
	bool fine = true;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(parents); i++) {
		devices = qmp_call(call, "qom-list", json_pack("{s:s}", "path", parents[i]));
		json_array_foreach(devices, j, device)
			fine &= check_device(call, parents[i], device);
		json_decref(devices);
	}
	return fine;
}

void check_give_back(struct qmp_call *call, const json_t *status)
{
	struct give_back_status back;
	bool fine;

	give_back_status_parse(&back, status);
	if (!back.known) {
		finding_note("this QEMU's extension cannot give memory back: update "
			     "freehint-qemu.so");
		return;
	}
	fine = check_backends(call, status);
	fine &= check_balloons(call);
	if (back.refused[0])
		finding_note("memory cannot be given back: %s", back.refused);
	else if (fine && !call->broken)
		finding_ok("free memory can be given back (freehint give-back)");
}
