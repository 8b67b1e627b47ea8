// SPDX-License-Identifier: GPL-2.0
/*
 * Entry points of the QEMU extension: what QEMU calls after -plugin file=...,
 * options, the refusal to load where we cannot work, registration.
 *
 * QEMU sees a TCG plugin that registers no callback. It reads qemu_plugin_version
 * right after loading the object, before any function of ours but constructors has
 * run, and each QEMU series accepts a window of numbers only; so a constructor asks
 * QEMU for its version and sets the number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extension.h"
#include "qemu_abi.h"

#define EXPORT __attribute__((visibility("default")))

/**
 * struct options - of -plugin file=freehint-qemu.so,key=value,...
 * @extension:      what the extension wants to know; memdev points into the argument
 * @allow_untested: load into a QEMU series that was never tested
 */
struct options {
	struct freehint_extension_options extension;
	bool allow_untested;
};

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(u64 id, const void *info, int argc, char **argv);

static const char *missing;

__attribute__((constructor)) static void choose_plugin_version(void)
{
	missing = qemu_abi_load();
	if (!missing)
		qemu_plugin_version = qemu_abi_plugin_version();
}

static bool parse_bool(const char *value, bool *out)
{
	*out = !strcmp(value, "on") || !strcmp(value, "yes") || !strcmp(value, "true");
	return *out || !strcmp(value, "off") || !strcmp(value, "no") ||
	       !strcmp(value, "false");
}

static bool parse_ms(const char *value, unsigned int *out)
{
	char *end;
	unsigned long ms = strtoul(value, &end, 10);

	*out = (unsigned int)ms;
	return *value >= '0' && *value <= '9' && !*end && ms <= FREEHINT_WAIT_MAX_MS;
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
		return parse_ms(value, &opt->extension.first_wait_ms);
	if (IS("later-wait-ms"))
		return parse_ms(value, &opt->extension.later_wait_ms);
	if (IS("autostart"))
		return parse_bool(value, &opt->extension.autostart);
	if (IS("audit"))
		return parse_bool(value, &opt->extension.audit);
	if (IS("allow-untested"))
		return parse_bool(value, &opt->allow_untested);
#undef IS
	return false;
}

static bool parse_options(int argc, char **argv, struct options *opt)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (parse_option(argv[i], opt))
			continue;
		qemu.error_report("freehint: option '%s' is not one of memdev=ID, "
				  "first-wait-ms=0..%d, later-wait-ms=0..%d, "
				  "autostart=on|off, audit=on|off, allow-untested=on|off", argv[i],
				  FREEHINT_WAIT_MAX_MS, FREEHINT_WAIT_MAX_MS);
		return false;
	}
	return true;
}

static bool check_series(const struct options *opt)
{
	if (qemu_abi_tested())
		return true;
	if (opt->allow_untested) {
		qemu.warn_report("freehint: QEMU %d.%d was never tested",
				 qemu.major, qemu.minor);
		return true;
	}
	qemu.error_report("freehint: QEMU %d.%d was never tested; use a tested series "
			  "(7.2, 10.0, 11.1) or say allow-untested=on",
			  qemu.major, qemu.minor);
	return false;
}

static void report_missing(void)
{
	/* Not error_report(): it may be what is missing. */
	fprintf(stderr, "freehint: this QEMU does not export '%s'; it has to be built "
		"with --enable-modules\n", missing);
}

int qemu_plugin_install(u64 id, const void *info, int argc, char **argv)
{
	struct options opt = {
		.extension = {
			.memdev = FREEHINT_MEMDEV,
			.first_wait_ms = FREEHINT_FIRST_WAIT_MS,
			.later_wait_ms = FREEHINT_LATER_WAIT_MS,
		},
	};
	const char *why;

	(void)id;
	(void)info;
	if (missing) {
		report_missing();
		return -1;
	}
	if (!parse_options(argc, argv, &opt) || !check_series(&opt))
		return -1;
	why = freehint_extension_start(&opt.extension);
	if (why)
		qemu.error_report("freehint: %s", why);
	return why ? -1 : 0;
}
