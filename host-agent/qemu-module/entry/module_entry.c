// SPDX-License-Identifier: GPL-2.0
/*
 * Entry points of the QEMU extension, which QEMU calls for -plugin file=...: options,
 * registration, and the fallback where the extension cannot work.
 *
 * To QEMU this is a TCG plugin that registers no callback. QEMU reads qemu_plugin_version
 * right after loading the object; only constructors have run by then. Each QEMU series accepts
 * a window of numbers only, so a constructor sets it.
 *
 * QEMU exits if a plugin does not load. A machine's command line is reused on other hosts,
 * whose QEMU may be unknown to the extension, and QEMU must start there. So the extension
 * loads everywhere. Where it cannot work it only registers commands that report why;
 * strict=on makes QEMU exit instead. A wrong option is always an error: the person who wrote
 * it is present to read the message.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../include/freehint/shm_layout.h"
#include "../core/qemu_abi.h"
#include "../give-back/give_back_session.h"
#include "extension.h"
#include "plugin_number.h"

#define EXPORT __attribute__((visibility("default")))

/**
 * struct options - of -plugin file=freehint-qemu.so,key=value,...
 * @extension:      options of the extension; its strings point into the argument
 * @allow_untested: work in a QEMU series that was never tested
 * @strict:         make QEMU exit where the extension cannot work
 */
struct options {
	struct freehint_extension_options extension;
	bool allow_untested;
	bool strict;
};

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(u64 id, const void *info, int argc, char **argv);

static const char *missing;

/* A -plugin of this object was served. */
static bool installed;

__attribute__((constructor)) static void choose_plugin_version(void)
{
	missing = qemu_abi_load();
	qemu_plugin_version = plugin_number_find(&qemu_plugin_version);
}

/* Reports errors even where QEMU's own report functions are missing. */
__attribute__((format(printf, 2, 3)))
static void report(bool is_error, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!qemu.has_qmp)
		fprintf(stderr, "freehint: %s\n", text);
	else if (is_error)
		qemu.error_report("freehint: %s", text);
	else
		qemu.warn_report("freehint: %s", text);
}

static bool parse_bool(const char *value, bool *out)
{
	*out = !strcmp(value, "on") || !strcmp(value, "yes") || !strcmp(value, "true");
	return *out || !strcmp(value, "off") || !strcmp(value, "no") ||
	       !strcmp(value, "false");
}

static bool parse_number(const char *value, unsigned int max, unsigned int *out)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	*out = (unsigned int)n;
	return *value >= '0' && *value <= '9' && !*end && n <= max;
}

static bool parse_option(const char *arg, struct options *opt)
{
	const char *value = strchr(arg, '=');
	size_t len = value ? (size_t)(value - arg) : strlen(arg);

#define IS(name) (len == strlen(name) && !strncmp(arg, name, len))
	if (!value)
		return false;
	value++;
	if (IS("memdev")) {
		opt->extension.memdev = value;
		return *value;
	}
	if (IS("first-wait-ms"))
		return parse_number(value, FREEHINT_WAIT_MAX_MS, &opt->extension.first_wait_ms);
	if (IS("later-wait-ms"))
		return parse_number(value, FREEHINT_WAIT_MAX_MS, &opt->extension.later_wait_ms);
	if (IS("autostart"))
		return parse_bool(value, &opt->extension.autostart);
	if (IS("audit"))
		return parse_bool(value, &opt->extension.audit);
	if (IS("give-back")) {
		opt->extension.give_back = value;
		return give_back_mode_parse(value) != GIVE_BACK_MODES;
	}
	if (IS("give-back-order"))
		return parse_number(value, FREEHINT_BLOCK_MAX_ORDER,
				    &opt->extension.give_back_order) &&
		       opt->extension.give_back_order;
	if (IS("give-back-leave"))
		return parse_number(value, FREEHINT_GIVE_BACK_MAX_LEAVE,
				    &opt->extension.give_back_leave);
	if (IS("allow-untested"))
		return parse_bool(value, &opt->allow_untested);
	if (IS("strict"))
		return parse_bool(value, &opt->strict);
#undef IS
	return false;
}

static bool parse_options(int argc, char **argv, struct options *opt)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (parse_option(argv[i], opt))
			continue;
		report(true, "option '%s' is not one of memdev=ID, first-wait-ms=0..%d, "
		       "later-wait-ms=0..%d, autostart=on|off, audit=on|off, "
		       "give-back=off|once|always, give-back-order=1..%d, "
		       "give-back-leave=0..%u, allow-untested=on|off, strict=on|off", argv[i],
		       FREEHINT_WAIT_MAX_MS, FREEHINT_WAIT_MAX_MS,
		       FREEHINT_BLOCK_MAX_ORDER, FREEHINT_GIVE_BACK_MAX_LEAVE);
		return false;
	}
	return true;
}

/* Return: why the extension cannot work in this QEMU, NULL if it can. */
static const char *check_qemu(const struct options *opt)
{
	static char why[160];

	if (missing && !qemu.has_qmp)
		snprintf(why, sizeof(why), "this QEMU does not export '%s'; it has to be built "
			 "with --enable-modules", missing);
	else if (missing)
		snprintf(why, sizeof(why), "QEMU %d.%d does not export '%s'; use a tested "
			 "series (%s)", qemu.major, qemu.minor, missing,
			 qemu_abi_tested_series());
	else if (qemu_abi_evidence() != QEMU_TESTED && !opt->allow_untested)
		snprintf(why, sizeof(why), "QEMU %d.%d was never tested%s; use a tested series "
			 "(%s) or set allow-untested=on", qemu.major, qemu.minor,
			 qemu_abi_evidence_text(), qemu_abi_tested_series());
	else
		return NULL;
	return why;
}

static const char *start(const struct options *opt)
{
	const char *why = check_qemu(opt);

	if (why)
		return why;
	if (qemu_abi_evidence() != QEMU_TESTED)
		report(false, "QEMU %d.%d was never tested%s; this log will say how its first migration "
		       "with hints went", qemu.major, qemu.minor, qemu_abi_evidence_text());
	return freehint_extension_start(&opt->extension);
}

/* Touches only QEMU's list of commands, and only if its functions were found. */
static int load_inert(const struct options *opt, const char *why)
{
	report(opt->strict, "%s%s", opt->strict ? "" : "loaded without effect, no hints: ", why);
	if (opt->strict)
		return -1;
	if (qemu.has_qmp)
		freehint_extension_register_inert(&opt->extension, why);
	return 0;
}

/*
 * To QEMU two paths of one file are two plugins, to the loader they are one object: what is linked
 * into QEMU's lists exists once.
 */
static int refuse_second(const struct options *opt)
{
	report(opt->strict, "loaded a second time, which has no effect; give one -plugin");
	return opt->strict ? -1 : 0;
}

int qemu_plugin_install(u64 id, const void *info, int argc, char **argv)
{
	struct options opt = {
		.extension = {
			.memdev = FREEHINT_MEMDEV,
			.first_wait_ms = FREEHINT_FIRST_WAIT_MS,
			.later_wait_ms = FREEHINT_LATER_WAIT_MS,
			.give_back = "off",
		},
	};
	const char *why;

	(void)id;
	(void)info;
	/* The trial of plugin_number.c: this loader accepts any number, and calls again later. */
	if (plugin_number_in_trial())
		return 0;
	if (!parse_options(argc, argv, &opt))
		return -1;
	if (installed)
		return refuse_second(&opt);
	installed = true;
	why = start(&opt);
	return why ? load_inert(&opt, why) : 0;
}
