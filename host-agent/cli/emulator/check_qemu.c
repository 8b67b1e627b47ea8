// SPDX-License-Identifier: GPL-2.0
/*
 * Can one QEMU program be used? doctor asks, and enable for its domain's. The check starts no
 * guest, and does not trust what the file contains.
 */
#include "check_qemu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../terminal/findings.h"
#include "elf_symbols.h"
#include "host-agent/qemu-module/core/qemu_abi.h"
#include "run_program.h"

/* Every QEMU that can load plugins exports this symbol. */
#define PLUGIN_SYMBOL "qemu_plugin_register_vcpu_init_cb"

static const char *const symbols[] = {
#define QEMU_NAME(ret, name, args) #name,
	QEMU_SYMBOLS(QEMU_NAME)
#undef QEMU_NAME
	"qmp_commands", "address_space_memory",
};

static const struct renamed {
	const char *newer;
	const char *older;
} renamed[] = {
#define QEMU_PAIR(member, newer, older) { newer, older },
	QEMU_RENAMED(QEMU_PAIR)
#undef QEMU_PAIR
};

/* Parse "version 7.2.22 (Debian ...)". Return: false when the line has no version. */
static bool parse_version(const char *line)
{
	int *const part[] = { &qemu.major, &qemu.minor, &qemu.micro };
	const char *at = strstr(line, "version ");
	char *end;
	size_t i;

	if (!at)
		return false;
	at += strlen("version ");
	for (i = 0; i < ARRAY_SIZE(part); i++, at = end + 1) {
		*part[i] = (int)strtol(at, &end, 10);
		if (end == at || (i < 2 && *end != '.'))
			return false;
	}
	return true;
}

/* One that has freehint built in does not refuse an untested series: only a note. */
static void check_series(bool built_in)
{
	const char *known = qemu_abi_evidence_text();

	if (qemu_abi_evidence() == QEMU_TESTED)
		finding_ok("QEMU %d.%d.%d belongs to a tested series", qemu.major, qemu.minor,
			   qemu.micro);
	else if (built_in)
		finding_note("QEMU %d.%d.%d belongs to a series that was never tested%s: hints "
			     "are applied; look in QEMU's log for how its first migration with "
			     "hints went", qemu.major, qemu.minor, qemu.micro, known);
	else
		finding_wrong("QEMU %d.%d.%d belongs to a series that was never tested%s: there "
			      "the extension loads without effect; use a tested one (%s), or "
			      "allow-untested=on at your own risk", qemu.major, qemu.minor,
			      qemu.micro, known, qemu_abi_tested_series());
}

/* Return: number of missing symbols; @first is filled with the first one. */
static unsigned int count_missing(const struct elf_symbols *elf, const char **first)
{
	unsigned int missing = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++)
		if (!elf_symbols_has(elf, symbols[i]) && !missing++)
			*first = symbols[i];
	for (i = 0; i < ARRAY_SIZE(renamed); i++)
		if (!elf_symbols_has(elf, renamed[i].newer) &&
		    !elf_symbols_has(elf, renamed[i].older) && !missing++)
			*first = renamed[i].newer;
	return missing;
}

static void check_symbols(const struct elf_symbols *elf)
{
	const char *first = "";
	unsigned int missing;

	if (elf_symbols_has(elf, PLUGIN_SYMBOL))
		finding_ok("it loads plugins");
	else
		finding_wrong("it was built with --disable-plugins (as RHEL's and Fedora's): "
			      "it cannot load the extension; host-agent/qemu-patches builds "
			      "it in");
	missing = count_missing(elf, &first);
	if (!missing)
		finding_ok("it exports the %zu symbols that the extension uses",
			     ARRAY_SIZE(symbols) + ARRAY_SIZE(renamed));
	else
		finding_wrong("it does not export %s and %u others; it was built without "
			      "--enable-modules (as Proxmox's); host-agent/qemu-patches builds "
			      "the extension in", first, missing - 1);
}

static void check_file(const char *path)
{
	struct elf_symbols elf;
	int ret = elf_symbols_open(&elf, path);

	if (ret) {
		finding_wrong("%s cannot be read as a program (%s), give QEMU's with --qemu",
			      path, strerror(-ret));
		return;
	}
	check_symbols(&elf);
	elf_symbols_close(&elf);
}

static bool is_our_object(const char *line)
{
	return !strcmp(line + strspn(line, " "), "freehint\n");
}

/* Built with host-agent/qemu-patches: then there is nothing to load. */
static int has_freehint_built_in(const char *path)
{
	return run_program(path, "-object", "help", is_our_object);
}

static bool is_our_device(const char *line)
{
	return strstr(line, "name \"ivshmem-plain\"");
}

static void check_device(const char *path)
{
	int has = run_program(path, "-device", "help", is_our_device);

	if (has > 0)
		finding_ok("it has the device ivshmem-plain");
	else if (has < 0)
		finding_note("it did not say in %d s which devices it has: look for ivshmem-plain "
			     "in what %s -device help prints", RUN_PROGRAM_S, path);
	else
		finding_wrong("it has no device ivshmem-plain (RHEL, KubeVirt and microvm builds "
			      "leave it out), and the guest reports in the memory of that device; "
			      "use a QEMU that is built with CONFIG_IVSHMEM_DEVICE");
}

void check_qemu(const char *path)
{
	bool built_in;

	finding_note("QEMU is %s", path);
	if (run_program(path, "--version", NULL, parse_version) <= 0) {
		finding_wrong("%s --version prints no version, give QEMU's program with --qemu",
			      path);
		return;
	}
	built_in = has_freehint_built_in(path) > 0;
	check_series(built_in);
	if (built_in)
		finding_ok("it has freehint built in: -object freehint,id=ID,memdev=ID");
	else
		check_file(path);
	check_device(path);
}

/* A script that starts QEMU has no symbols: what it starts is not known, and not refused. */
static void check_loading(const char *path)
{
	struct elf_symbols elf;

	if (elf_symbols_open(&elf, path))
		return;
	if (!elf_symbols_has(&elf, PLUGIN_SYMBOL) && has_freehint_built_in(path) > 0)
		finding_wrong("it has freehint built in, and loads no extension: give --builtin");
	else
		check_symbols(&elf);
	elf_symbols_close(&elf);
}

/* What check_series() calls wrong does not keep QEMU from starting. */
static const char *without_effect(void)
{
	static char text[400];

	if (qemu_abi_evidence() == QEMU_TESTED)
		return NULL;
	snprintf(text, sizeof(text),
		 "QEMU %d.%d.%d belongs to a series that was never tested%s: the extension loads there without effect, and there are no hints; give the domain a QEMU of a tested series (%s), or add ,allow-untested=on to the extension's argument with virsh edit, at your own risk",
		 qemu.major, qemu.minor, qemu.micro, qemu_abi_evidence_text(),
		 qemu_abi_tested_series());
	return text;
}

const char *check_qemu_for(const char *path, bool built_in)
{
	if (run_program(path, "--version", NULL, parse_version) <= 0)
		return NULL;
	if (!built_in)
		check_loading(path);
	else if (!has_freehint_built_in(path))
		finding_wrong("it has no freehint built in: give --extension with the path of "
			      "freehint-qemu.so, and it loads the extension, or build it in with "
			      "host-agent/qemu-patches");
	check_device(path);
	return built_in ? NULL : without_effect();
}
