// SPDX-License-Identifier: GPL-2.0
/*
 * doctor on giving memory back: each obstacle is named with what to do, the region's own
 * backend is none, and nothing of it is a fault.
 */
/* links: host-agent/cli/doctor/check_give_back.c host-agent/common/give_back_status.c */
/* links: host-agent/common/pressure_trigger.c */
/* libs: jansson */
#include "host-agent/cli/doctor/check_give_back.h"
#include "host-agent/cli/terminal/findings.h"
#include "tests/unit/unit.h"

static char said[4096];
static unsigned int good;
static struct qmp_call connection;
static const char *memdev, *objects, *named, *unnamed, *set;
static const char *main_backend, *devices;

static const char *children(const char *path)
{
	if (!strcmp(path, "/machine/peripheral"))
		return named;
	return strcmp(path, "/machine/peripheral-anon") ? objects : unnamed;
}

/* QEMU: @set is the property that is true. */
json_t *qmp_call(struct qmp_call *call, const char *command, json_t *args)
{
	const char *name = json_string_value(json_object_get(args, "property"));
	const char *path = json_string_value(json_object_get(args, "path"));
	json_t *answer = NULL;

	if (!strcmp(command, "query-memdev"))
		answer = json_loads(memdev, 0, NULL);
	else if (!strcmp(command, "qom-list"))
		answer = json_loads(children(path), 0, NULL);
	else if (!strcmp(command, "query-memory-devices"))
		answer = json_loads(devices, 0, NULL);
	else if (!strcmp(command, "qom-get") && name && !strcmp(name, "memory-backend"))
		answer = main_backend ? json_string(main_backend) : NULL;
	else if (!strcmp(command, "qom-get") && name)
		answer = json_boolean(set && strstr(set, name));
	json_decref(args);
	return answer;
}

__attribute__((format(printf, 1, 0)))
static void add(const char *fmt, va_list args)
{
	vsnprintf(said + strlen(said), sizeof(said) - strlen(said), fmt, args);
}

void finding_ok(const char *fmt, ...)
{
	good++;
}

void finding_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(fmt, args);
	va_end(args);
}

void finding_wrong(const char *fmt, ...)
{
	fail_msg("nothing of it prevents hints: %s", fmt);
}

static int setup(void **state)
{
	said[0] = '\0';
	good = 0;
	set = "share";
	memdev = "[{\"id\": \"freehint\", \"prealloc\": true}, {\"id\": \"ram\"}, {}]";
	objects = "[{\"name\": \"ram\", \"type\": \"child<memory-backend-file>\"}]";
	named = "[{\"name\": \"type\", \"type\": \"string\"}]";
	unnamed = "[]";
	main_backend = NULL;
	devices = "[]";
	return 0;
}

static void check(const char *guest, const char *refused)
{
	json_t *status = json_pack("{s:{s:s}, s:{s:s}, s:{s:s, s:s}}", "region", "memdev",
				   "freehint", "guest", "give-back", guest, "give-back",
				   "mode", "off", "refused", refused);

	check_give_back(&connection, status);
	json_decref(status);
}

static void nothing_in_the_way_is_fine(void **state)
{
	check("possible", "");
	assert_string_equal(said, "");
	assert_int_equal(good, 1);
}

/* The backends are not known then. */
static void a_qemu_that_went_away_is_not_fine(void **state)
{
	connection.broken = true;
	check("possible", "");
	connection.broken = false;
	assert_int_equal(good, 0);
}

static void backends_are_named(void **state)
{
	memdev = "[{\"id\": \"ram\", \"prealloc\": true}]";
	set = NULL;
	check("possible", "");
	assert_non_null(strstr(said, "'ram' has prealloc=on"));
	assert_non_null(strstr(said, "'ram' is a private mapping"));
	setup(state);
	set = "share readonly";
	check("possible", "");
	assert_non_null(strstr(said, "'ram' is read-only"));
	/* The extension refuses a memfd with share=off, too. */
	setup(state);
	set = NULL;
	objects = "[{\"name\": \"ram\", \"type\": \"child<memory-backend-memfd>\"}]";
	check("possible", "");
	assert_non_null(strstr(said, "'ram' is a private mapping"));
	assert_int_equal(good, 0);
	/* Memory that is no file is private by nature. */
	setup(state);
	set = NULL;
	objects = "[{\"name\": \"ram\", \"type\": \"child<memory-backend-ram>\"}]";
	check("possible", "");
	assert_string_equal(said, "");
}

/* Before the first try the guest's module does not know of it. */
/* The one that a wrong memdev= has left to nobody, and spare ones. */
static void backends_that_are_not_memory_are_left_out(void **state)
{
	static const char *const main_names[] = { "/objects/ram", "ram" };
	size_t i;

	for (i = 0; i < sizeof(main_names) / sizeof(main_names[0]); i++) {
		setup(state);
		memdev = "[{\"id\": \"hints\", \"prealloc\": true}, {\"id\": \"ram\"}, "
			 "{\"id\": \"dimm\", \"prealloc\": true}]";
		main_backend = main_names[i];
		check("possible", "");
		assert_string_equal(said, "");
		devices = "[{\"type\": \"dimm\", \"data\": {\"memdev\": \"/objects/dimm\"}}]";
		check("possible", "");
		assert_non_null(strstr(said, "'dimm' has prealloc=on"));
		assert_null(strstr(said, "hints"));
	}
	/* Memory in nodes: the machine has no name for it. */
	setup(state);
	memdev = "[{\"id\": \"node0\", \"prealloc\": true}]";
	main_backend = "";
	check("possible", "");
	assert_non_null(strstr(said, "'node0' has prealloc=on"));
}

static void reporting_balloon_is_named(void **state)
{
	named = "[{\"name\": \"nic\", \"type\": \"child<virtio-net-pci>\"}, {},"
		" {\"name\": \"balloon0\", \"type\": \"child<virtio-balloon-pci>\"}]";
	check("possible", "");
	assert_string_equal(said, "");
	assert_int_equal(good, 1);
	setup(state);
	set = "share free-page-reporting";
	named = "[{\"name\": \"balloon0\", \"type\": \"child<virtio-balloon-pci>\"}]";
	check("possible", "");
	assert_non_null(strstr(said, "balloon0"));
	assert_non_null(strstr(said, "free-page-reporting=on"));
	assert_int_equal(good, 0);
	setup(state);
	set = "share free-page-reporting";
	unnamed = "[{\"name\": \"device[0]\","
		  " \"type\": \"child<virtio-balloon-pci-non-transitional>\"}]";
	check("possible", "");
	assert_non_null(strstr(said, "device[0]"));
	assert_int_equal(good, 0);
}

static void refusal_of_the_extension_is_told(void **state)
{
	check("possible", "memory is locked");
	assert_non_null(strstr(said, "memory is locked"));
	assert_int_equal(good, 0);
}

static void answers_that_are_no_lists_do_no_harm(void **state)
{
	memdev = "{}";
	objects = "7";
	named = "{}";
	unnamed = "null";
	check("possible", "");
	assert_int_equal(good, 1);
}

static void old_extension_is_told(void **state)
{
	json_t *status = json_object();

	check_give_back(NULL, status);
	assert_non_null(strstr(said, "update freehint-qemu.so"));
	json_decref(status);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test_setup(nothing_in_the_way_is_fine, setup),
		cmocka_unit_test_setup(a_qemu_that_went_away_is_not_fine, setup),
		cmocka_unit_test_setup(backends_are_named, setup),
		cmocka_unit_test_setup(backends_that_are_not_memory_are_left_out, setup),
		cmocka_unit_test_setup(reporting_balloon_is_named, setup),
		cmocka_unit_test_setup(refusal_of_the_extension_is_told, setup),
		cmocka_unit_test_setup(answers_that_are_no_lists_do_no_harm, setup),
		cmocka_unit_test_setup(old_extension_is_told, setup),
)
