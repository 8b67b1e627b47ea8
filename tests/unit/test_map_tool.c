// SPDX-License-Identifier: GPL-2.0
/*
 * freehint map against a QEMU that answers from fields, and a file: it draws nothing that it does
 * not know.
 */
/* links: host-agent/cli/map/map.c host-agent/cli/map/map_cells.c */
/* links: host-agent/cli/map/map_terminal.c host-agent/cli/map/map_svg.c */
/* links: host-agent/cli/map/map_png.c host-agent/cli/region/region_file.c */
/* links: host-agent/cli/options/option_number.c host-agent/cli/options/common_options.c */
/* links: host-agent/cli/terminal/complain.c host-agent/cli/terminal/printable_line.c */
/* links: host-agent/cli/terminal/progress.c host-agent/common/standard_streams.c */
/* links: host-agent/cli/terminal/terminal.c host-agent/common/shm_region.c */
/* links: host-agent/common/log.c host-agent/common/printable.c proto/host_snapshot.c */
/* links: proto/host_request.c */
/* libs: jansson libpng */
/* flags: -Wl,--wrap=shm_region_map */
#include <fcntl.h>

#include "host-agent/cli/commands.h"
#include "host-agent/cli/qmp/qmp_call.h"
#include "host-agent/common/shm_region.h"
#include "include/freehint/qmp_names.h"
#include "tests/unit/region.h"
#include "tests/unit/unit.h"

#define MIB	1048576

static char path[64], text[8192];
static struct region region;
static bool migrated, gone, truncated;
static const char *runstate;
static int migrations;

int __real_shm_region_map(struct shm_region *mapped, const char *file, u64 size);
int __wrap_shm_region_map(struct shm_region *mapped, const char *file, u64 size);

int __wrap_shm_region_map(struct shm_region *mapped, const char *file, u64 size)
{
	int ret = __real_shm_region_map(mapped, file, size);

	if (!ret && truncated)
		assert_int_equal(truncate(file, 0), 0);
	return ret;
}

int qmp_call_open(struct qmp_call *call, const char *socket)
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
	if (!strcmp(command, FREEHINT_QMP_MAP))
		return json_pack("{s:i, s:i, s:[i], s:[i]}", "pages", 64, "pages-per-cell", 64,
				 "ram", 64, "hinted", 16);
	if (gone) {
		snprintf(call->error, sizeof(call->error), "QEMU closed the connection");
		return NULL;
	}
	if (!strcmp(command, "query-status"))
		return json_pack("{s:s}", "status", runstate);
	return json_pack("{s:I, s:{s:i}, s:{s:i}, s:o*}", "instance", (json_int_t)REGION_INSTANCE,
			 "region", "size", MIB, "counters", "migrations", migrations, "last-round",
			 migrated ? json_pack("{s:i}", "round", 7) : NULL);
}

static int setup(void **state)
{
	strcpy(path, "/tmp/freehint-map-XXXXXX");
	region = region_make_file(path, MIB);
	migrated = true;
	gone = false;
	runstate = "running";
	migrations = 0;
	truncated = false;
	return 0;
}

static int teardown(void **state)
{
	region_drop(&region);
	unlink(path);
	return 0;
}

/* Run the tool; what it printed, to both outputs, is in text. */
static enum cli_exit run_map(void)
{
	char word[][8] = { "map", "--qmp", "socket", "--shm" };
	char *argv[] = { word[0], word[1], word[2], word[3], path, NULL };
	int kept[2] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
	FILE *said = tmpfile();
	enum cli_exit code;

	assert_non_null(said);
	fflush(stdout);
	dup2(fileno(said), STDOUT_FILENO);
	dup2(fileno(said), STDERR_FILENO);
	code = cli_map(5, argv);
	fflush(stdout);
	dup2(kept[0], STDOUT_FILENO);
	dup2(kept[1], STDERR_FILENO);
	close(kept[0]);
	close(kept[1]);
	rewind(said);
	text[fread(text, 1, sizeof(text) - 1, said)] = '\0';
	fclose(said);
	return code;
}

static void refuses(const char *why)
{
	assert_int_equal(run_map(), CLI_NO_ANSWER);
	if (!strstr(text, why))
		fail_msg("not said: %s, but: %s", why, text);
	assert_null(strstr(text, "in use, sent"));
}

static void the_last_migration_is_drawn(void **state)
{
	assert_int_equal(run_map(), CLI_OK);
	assert_non_null(strstr(text, "Guest memory in the last migration"));
}

static void a_migration_that_never_was_is_not_drawn(void **state)
{
	migrated = false;
	refuses("there was no migration with hints since this QEMU started");
}

/* QEMU forgets the last round when the next migration begins. */
static void a_migration_without_hints_is_not_drawn(void **state)
{
	migrated = false;
	migrations = 1;
	refuses("the last migration had no hints, or the one that runs has none yet");
	assert_null(strstr(text, "since this QEMU started"));
}

/* The reset has cleared it, and QEMU fills it when the guest runs. */
static void a_reset_may_be_why_a_stopped_guest_has_another_file(void **state)
{
	memset(region.base, 0, FREEHINT_HEADER_SIZE);
	refuses("does not contain this QEMU's instance");
	assert_null(strstr(text, "reset"));
	runstate = "paused";
	refuses("with --shm; or it is the right one, and the guest was reset while it was stopped");
}

static void a_qemu_that_goes_away_is_said(void **state)
{
	gone = true;
	refuses("QEMU closed the connection");
}

static void the_file_of_another_qemu_is_refused(void **state)
{
	assert_int_equal(freehint_write_host_hello(region.shm, MIB, 5), 0);
	refuses("does not contain this QEMU's instance 1234605616436508552: give the file");
	memset(region.base, 0, FREEHINT_HEADER_SIZE);
	refuses("does not contain this QEMU's instance");
	assert_int_equal(truncate(path, MIB / 2), 0);
	refuses("it is smaller than QEMU's region; name the file of the ivshmem device");
	strcpy(path, "/tmp");
	refuses("it is not a regular file");
}

/* What is missing reads as zeros. */
static void a_truncated_file_is_not_drawn(void **state)
{
	truncated = true;
	refuses("was truncated while it was read");
}

RUN_TESTS(NULL, NULL,
		TEST(the_last_migration_is_drawn),
		TEST(a_migration_that_never_was_is_not_drawn),
		TEST(a_migration_without_hints_is_not_drawn),
		TEST(a_reset_may_be_why_a_stopped_guest_has_another_file),
		TEST(a_qemu_that_goes_away_is_said),
		TEST(the_file_of_another_qemu_is_refused),
		TEST(a_truncated_file_is_not_drawn),
)
