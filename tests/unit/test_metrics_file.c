// SPDX-License-Identifier: GPL-2.0
/*
 * What freehint top makes of the files that agents write, and of files that somebody else
 * has written there: hostile names, hostile values, links, FIFOs, files that are too long.
 */
/* links: host-agent/cli/status/metrics_file.c host-agent/common/printable.c */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host-agent/cli/status/metrics_file.h"
#include "tests/unit/unit.h"

static char dir[64];

static int setup(void **state)
{
	strcpy(dir, "/tmp/freehint-top-XXXXXX");
	return !mkdtemp(dir);
}

static int teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command);
}

static void write_file(const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void what_an_agent_writes_is_read(void **state)
{
	struct metrics_file vm;

	assert_true(metrics_file_parse(&vm, "# HELP freehint_attached x\nfreehint_attached{vm=\"a\"} 1\n"
				       "freehint_guest_present{vm=\"a} 5\"} 1\n"
				       "freehint_refused{vm=\"a\"} 0\n"
				       "freehint_qemu_resident_bytes{vm=\"a\"} 1048576\n"
				       "freehint_last_migration_stop_seconds{vm=\"a\"} 0.012000\n"));
	assert_true(vm.attached && vm.present && !vm.refused && !vm.reporting && !vm.incoming);
	assert_true(vm.resident > 1048575 && vm.resident < 1048577);
	assert_true(vm.stop > 0.011 && vm.stop < 0.013);
	assert_true(vm.free < 0 && vm.memory < 0 && vm.given < 0 && vm.skipped < 0);
}

static void nonsense_is_no_number(void **state)
{
	static const char *const texts[] = {
		"", "\n\n", "freehint_", "freehint_qemu_resident_bytes", "freehint_ 1\n",
		"freehint_qemu_resident_bytes{} nan\n", "freehint_qemu_resident_bytes{} -1\n",
		"freehint_qemu_resident_bytes{} 1e300\n", "freehint_qemu_resident_bytes{} inf",
		"freehint_qemu_resident_bytes 1 {\n", " {} 1\n", "other_qemu_resident_bytes{} 1\n",
	};
	struct metrics_file vm;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		metrics_file_parse(&vm, texts[i]);
		assert_true(vm.resident < 0);
		assert_false(vm.attached);
	}
}

static void names_cannot_command_a_terminal(void **state)
{
	static const char *const names[][2] = {
		{ "vm1.prom", "vm1" },
		{ "a\\x20b.prom", "a b" },
		{ "\\xc3\\xa9\xc3\xa9.prom", "\xc3\xa9\xc3\xa9" },
		{ "\033[2J.prom", "?[2J" },
		{ "\\x1b]0;x\\x07.prom", "?]0;x?" },
		{ "\\x00a.prom", "" },
		{ "\\xzz\\x2.prom", "\\xzz\\x2" },
		{ "\xff\xc2\x9bz.prom", "??z" },
	};
	char name[METRICS_FILE_NAME];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		metrics_file_name(name, names[i][0]);
		assert_string_equal(name, names[i][1]);
	}
}

/* node_exporter has one directory for all who write for it. */
static void files_of_other_exporters_are_no_machines(void **state)
{
	struct metrics_file *all;
	struct metrics_file vm;
	size_t count;

	assert_false(metrics_file_parse(&vm, ""));
	assert_false(metrics_file_parse(&vm, "# freehint_attached{vm=\"a\"} 1\n"));
	assert_false(metrics_file_parse(&vm, "freehint_attached 1\nfreehint_\n"));
	assert_true(metrics_file_parse(&vm, "apt 3\nfreehint_new{vm=\"a\"} 1\n"));
	write_file("apt.prom", "apt_upgrades_pending 3\n");
	write_file("smartmon.prom", "smartmon_device_active{disk=\"/dev/sda\"} 1\n");
	write_file("apt.prom.moved", "apt_upgrades_pending 3\n");
	write_file("vm1.prom", "freehint_attached{vm=\"vm1\"} 1\n");
	assert_int_equal(metrics_file_all(dir, &all, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(all[0].name, "vm1");
	free(all);
}

static void only_regular_files_are_read(void **state)
{
	char path[512];
	struct metrics_file *all;
	size_t count;
	char *large;

	write_file("b.prom", "freehint_attached{vm=\"b\"} 1\n");
	write_file("a.prom", "freehint_attached{vm=\"a\"} 0\n");
	write_file("a.prom.new", "freehint_attached{vm=\"a\"} 0\n");
	write_file("other", "");
	snprintf(path, sizeof(path), "%s/link.prom", dir);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	snprintf(path, sizeof(path), "%s/fifo.prom", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	large = malloc(1 << 20);
	memset(large, 'x', (1 << 20) - 1);
	large[(1 << 20) - 1] = '\0';
	write_file("garbage.prom", large);
	memcpy(large, "freehint_attached{} 1\n", 22);
	write_file("large.prom", large);
	free(large);
	assert_int_equal(metrics_file_all(dir, &all, &count), 0);
	assert_int_equal(count, 3);
	assert_string_equal(all[0].name, "a");
	assert_string_equal(all[1].name, "b");
	assert_true(all[1].attached);
	assert_string_equal(all[2].name, "large");
	free(all);
	assert_int_equal(metrics_file_all("/nonexistent", &all, &count), -2);
}

/* Written @seconds ago. */
static void write_old_file(const char *name, const char *text, time_t seconds)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - seconds } };
	char path[512];

	times[1] = times[0];
	write_file(name, text);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Its numbers stay for a day; one that is here again shows what it does here. */
static void a_guest_that_moved_away_is_shown(void **state)
{
	static const char left[] = "# x\nfreehint_guest_free_bytes{vm=\"a\"} 4096\n";
	struct metrics_file *all;
	size_t count;

	write_old_file("a\\x20b.prom.moved", left, 3600);
	write_old_file("back.prom.moved", left, 3600);
	write_file("back.prom", "freehint_attached{vm=\"back\"} 1\n");
	write_old_file("long ago.prom.moved", left, 25 * 3600);
	/* Prometheus has a file of its own. */
	write_file("a\\x20b~moved.prom", left);
	write_file("other.moved", left);
	write_file(".prom.moved", left);
	assert_int_equal(metrics_file_all(dir, &all, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(all[0].name, "a b");
	assert_string_equal(metrics_file_state(&all[0]), "moved");
	assert_true(all[0].free > 4095 && all[0].free < 4097);
	assert_true(all[0].resident < 0);
	assert_string_equal(all[1].name, "back");
	assert_string_equal(metrics_file_state(&all[1]), "no module");
	free(all);
}

static void states_have_words(void **state)
{
	struct metrics_file vm = { .age = 31 };

	assert_string_equal(metrics_file_state(&vm), "agent hangs");
	vm.age = 1;
	assert_string_equal(metrics_file_state(&vm), "waiting");
	/* an extension without effect: nothing is attached, no guest is seen */
	vm.refused = true;
	assert_string_equal(metrics_file_state(&vm), "refused");
	vm.refused = false;
	vm.incoming = true;
	assert_string_equal(metrics_file_state(&vm), "incoming");
	vm.incoming = false;
	vm.attached = true;
	assert_string_equal(metrics_file_state(&vm), "no module");
	vm.present = true;
	assert_string_equal(metrics_file_state(&vm), "idle");
	vm.reporting = true;
	assert_string_equal(metrics_file_state(&vm), "reporting");
	vm.asking = true;
	assert_string_equal(metrics_file_state(&vm), "gives back");
	vm.refused = true;
	assert_string_equal(metrics_file_state(&vm), "refused");
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(what_an_agent_writes_is_read),
		cmocka_unit_test(nonsense_is_no_number),
		cmocka_unit_test(names_cannot_command_a_terminal),
		TEST(files_of_other_exporters_are_no_machines),
		TEST(only_regular_files_are_read),
		TEST(a_guest_that_moved_away_is_shown),
		cmocka_unit_test(states_have_words),
)
