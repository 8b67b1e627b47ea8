// SPDX-License-Identifier: GPL-2.0
/*
 * doctor on one QEMU program: what is wrong with a series that was never tested depends on
 * whether freehint is loaded into it or built in. The QEMUs here are scripts that print what is
 * asked of them.
 */
/* links: host-agent/cli/emulator/check_qemu.c host-agent/cli/emulator/elf_symbols.c */
/* links: host-agent/cli/emulator/run_program.c host-agent/qemu-module/core/qemu_abi.c */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-agent/cli/emulator/check_qemu.h"
#include "host-agent/cli/terminal/findings.h"
#include "tests/unit/unit.h"

#define BUILT_IN	"  authz-list\n  freehint\n"
#define DEVICE		"name \"ivshmem-plain\", bus PCI"

static char said[4096];

__attribute__((format(printf, 2, 0)))
static void add(const char *word, const char *fmt, va_list args)
{
	size_t used = strlen(said);

	used += (size_t)snprintf(said + used, sizeof(said) - used, "%s: ", word);
	used += (size_t)vsnprintf(said + used, sizeof(said) - used, fmt, args);
	snprintf(said + used, sizeof(said) - used, "\n");
}

void finding_ok(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add("ok", fmt, args);
	va_end(args);
}

void finding_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add("note", fmt, args);
	va_end(args);
}

void finding_wrong(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add("wrong", fmt, args);
	va_end(args);
}

/* A QEMU that prints these, and what @check finds of it. */
static void look_with(void (*check)(const char *path), const char *version, const char *objects,
		      const char *devices)
{
	char path[] = "/tmp/freehint-qemu-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	dprintf(fd, "#!/bin/sh\ncase $1 in\n--version) echo '%s' ;;\n-object) echo '%s' ;;\n"
		"-device) echo '%s' ;;\nesac\n", version, objects, devices);
	assert_int_equal(fchmod(fd, 0755), 0);
	close(fd);
	said[0] = '\0';
	check(path);
	unlink(path);
}

static void look(const char *version, const char *objects, const char *devices)
{
	look_with(check_qemu, version, objects, devices);
}

static const char *without_effect;

static void with_plugin(const char *path)
{
	without_effect = check_qemu_for(path, false);
}

static void with_object(const char *path)
{
	without_effect = check_qemu_for(path, true);
}

static void is_said(const char *text, bool expected)
{
	if (!strstr(said, text) == expected)
		print_error("'%s' in:\n%s", text, said);
	assert_int_equal(strstr(said, text) != NULL, expected);
}

static void a_tested_series_is_fine(void **state)
{
	look("QEMU emulator version 10.2.2 (Debian 1:10.2)", BUILT_IN, DEVICE);
	is_said("ok: QEMU 10.2.2 belongs to a tested series", true);
	is_said("ok: it has freehint built in", true);
	is_said("ok: it has the device ivshmem-plain", true);
	is_said("wrong", false);
}

/* The object has no allow-untested, and needs none. */
static void an_untested_series_with_freehint_built_in_is_noted(void **state)
{
	static const char *const versions[] = {
		"QEMU emulator version 11.0.0 (pve-qemu-kvm_11.0.0-1)",
		"QEMU emulator version 12.3.1", "QEMU emulator version 10.1.2",
	};
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		look(versions[i], BUILT_IN, DEVICE);
		is_said("belongs to a series that was never tested", true);
		is_said("hints are applied", true);
		is_said("only inferred from other series", i == 2);
		is_said("wrong", false);
		is_said("allow-untested", false);
	}
}

static void an_untested_series_without_it_is_wrong(void **state)
{
	look("QEMU emulator version 11.0.0", "  freehint-x\n", DEVICE);
	is_said("wrong: QEMU 11.0.0 belongs to a series that was never tested: there the "
		"extension loads without effect", true);
	is_said("allow-untested=on", true);
	is_said("built in:", false);
}

static void the_rest_is_checked_all_the_same(void **state)
{
	look("QEMU emulator version 11.0.0", BUILT_IN, "name \"virtio-net-pci\", bus PCI");
	is_said("wrong: it has no device ivshmem-plain", true);
	look("nonsense", BUILT_IN, DEVICE);
	is_said("prints no version", true);
	is_said("built in", false);
}

/* A script: what it starts is not known to lack plugins. Hints may be off in such a series. */
static void a_domain_is_refused_only_what_is_known(void **state)
{
	look_with(with_plugin, "QEMU emulator version 12.3.1", "  x\n", DEVICE);
	is_said("wrong", false);
	assert_non_null(strstr(without_effect, "QEMU 12.3.1 belongs to a series that was never tested: "));
	look_with(with_plugin, "QEMU emulator version 7.2.22", "  x\n", "name \"e1000\"");
	is_said("wrong: it has no device ivshmem-plain", true);
	assert_null(without_effect);
	look_with(with_object, "QEMU emulator version 12.3.1", BUILT_IN, DEVICE);
	is_said("wrong", false);
	assert_null(without_effect);
	look_with(with_object, "QEMU emulator version 12.3.1", "  freehint-x\n", DEVICE);
	is_said("wrong: it has no freehint built in", true);
	look_with(with_object, "nonsense", "", "");
	is_said("wrong", false);
	look_with(with_plugin, "nonsense", "", "");
	assert_null(without_effect);
}

/* On a machine that is too busy for an answer, nothing is known of the device. */
static void a_qemu_that_is_ended_lacks_nothing(void **state)
{
	look("QEMU emulator version 10.2.2", BUILT_IN, "'; kill -ALRM $$; echo '");
	is_said("note: it did not say in 20 s which devices it has", true);
	is_said("wrong", false);
	look_with(with_object, "QEMU emulator version 10.2.2", "'; kill -ALRM $$; echo '",
		  "'; kill -ALRM $$; echo '");
	is_said("wrong", false);
}

/* What a script leaves behind may have its output, and nobody ends that. */
static void a_child_that_stays_is_ended(void **state)
{
	look("QEMU emulator version 10.2.2", BUILT_IN, "'; sleep 100000 & echo '");
	is_said("note: it did not say in 20 s which devices it has", true);
}

/* It is started with SIGALRM ignored, which survives exec. */
static void an_ignored_alarm_ends_a_qemu_all_the_same(void **state)
{
	signal(SIGALRM, SIG_IGN);
	look("QEMU emulator version 10.2.2", BUILT_IN, "'; kill -ALRM $$; echo '");
	signal(SIGALRM, SIG_DFL);
	is_said("note: it did not say in 20 s which devices it has", true);
}

/* Ctrl-C ends the tool alone: the QEMU has a group of its own. */
static void a_qemu_ends_with_the_tool(void **state)
{
	char version[64];
	int fds[2], status;
	pid_t tool, qemu;
	char pid[16] = "";

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(fds), 0);
	tool = fork();
	if (!tool) {
		snprintf(version, sizeof(version), "'; echo $$ >&%d; exec sleep 1000; echo '", fds[1]);
		look(version, "", "");
		_exit(0);
	}
	assert_true(read(fds[0], pid, sizeof(pid) - 1) > 0);
	qemu = (pid_t)strtol(pid, NULL, 10);
	kill(tool, SIGINT);
	assert_int_equal(waitpid(tool, &status, 0), tool);
	assert_int_equal(waitpid(qemu, &status, 0), qemu);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	close(fds[0]);
	close(fds[1]);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(a_tested_series_is_fine),
		cmocka_unit_test(an_untested_series_with_freehint_built_in_is_noted),
		cmocka_unit_test(an_untested_series_without_it_is_wrong),
		cmocka_unit_test(the_rest_is_checked_all_the_same),
		cmocka_unit_test(a_domain_is_refused_only_what_is_known),
		cmocka_unit_test(a_qemu_that_is_ended_lacks_nothing),
		cmocka_unit_test(a_child_that_stays_is_ended),
		cmocka_unit_test(an_ignored_alarm_ends_a_qemu_all_the_same),
		cmocka_unit_test(a_qemu_ends_with_the_tool),
)
