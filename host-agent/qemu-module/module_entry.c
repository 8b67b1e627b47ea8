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

#include "bar.h"
#include "commands.h"
#include "precopy.h"
#include "qemu_abi.h"

#define EXPORT __attribute__((visibility("default")))

/*
 * Default of first-wait-ms. Half of it is the time in which a guest that was just
 * told to report notices: it looked every 100 ms until then.
 */
#define FIRST_WAIT_MS		200
/*
 * Default of later-wait-ms: a guest that reports looks every millisecond, and scans
 * as many for each GiB or two; half of it is for a guest whose processors are busy.
 */
#define LATER_WAIT_MS		40
/* More would be felt as a hang of the migrate command. */
#define WAIT_MAX_MS		1000

/**
 * struct options - of -plugin file=freehint-qemu.so,key=value,...
 * @memdev:         id of the memory backend behind the ivshmem device; points into
 *                  the argument, copied by bar_init()
 * @first_wait_ms:  longest wait for the first hints of a migration
 * @later_wait_ms:  the same for each later pass
 * @allow_untested: load into a QEMU series that was never tested
 */
struct options {
	const char *memdev;
	unsigned long first_wait_ms;
	unsigned long later_wait_ms;
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

static bool parse_ms(const char *value, unsigned long *out)
{
	char *end;

	*out = strtoul(value, &end, 10);
	return *value >= '0' && *value <= '9' && !*end && *out <= WAIT_MAX_MS;
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
		opt->memdev = value;
		return *value;
	}
	if (IS("first-wait-ms"))
		return parse_ms(value, &opt->first_wait_ms);
	if (IS("later-wait-ms"))
		return parse_ms(value, &opt->later_wait_ms);
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
				  "allow-untested=on|off", argv[i], WAIT_MAX_MS,
				  WAIT_MAX_MS);
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

static void register_precopy(const struct options *opt)
{
	const struct precopy_limits limits = {
		.first_wait_us = opt->first_wait_ms * 1000,
		.later_wait_us = opt->later_wait_ms * 1000,
	};

	precopy_init(&limits);
}

int qemu_plugin_install(u64 id, const void *info, int argc, char **argv)
{
	struct options opt = {
		.memdev = "freehint",
		.first_wait_ms = FIRST_WAIT_MS,
		.later_wait_ms = LATER_WAIT_MS,
	};

	(void)id;
	(void)info;
	if (missing) {
		report_missing();
		return -1;
	}
	if (!parse_options(argc, argv, &opt) || !check_series(&opt))
		return -1;
	if (bar_init(opt.memdev)) {
		qemu.error_report("freehint: no memory or no random number from the kernel");
		return -1;
	}
	qemu_abi_late();
	register_precopy(&opt);
	commands_register();
	return 0;
}
