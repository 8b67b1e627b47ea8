// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the plugin API number that QEMU expects, before QEMU reads it.
 *
 * Each QEMU accepts a window of numbers and exits if a plugin declares another. The window
 * moves: 0 to 1 up to 8.2, 2 to 4 in 10.0, only 7 in 11.1. It is a constant in QEMU's loader
 * that no function returns, and qemu_plugin_install() is called too late.
 *
 * But the loader names its lowest number when it rejects a plugin, and it can be called. So in
 * an unknown series the loader is given this very object, which declares a number below all
 * windows, and the number is read from the error message. The object is loaded already, so
 * the loader loads nothing, and it rejects the object before it has changed anything
 * (plugins/loader.c, plugin_load()). No process is started, no file is written.
 *
 * A QEMU without modules exports neither the loader nor its version, only the functions that
 * plugins may call. Its version is in its executable (emulator_version.c), and the table of series
 * has the number. In a series that is not in the table, the functions are a hint: some were added
 * together with a number. They cannot tell 11.0 from 11.1, which has the same functions.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../core/qemu_abi.h"
#include "emulator_version.h"
#include "plugin_number.h"

/* Declared for the trial; below every window, so that the loader rejects it. */
#define TRIAL_NUMBER	(-1)
/* The loader's error message has its lowest number after these words. */
#define LOWEST_PREFIX	"minimum version of "

/**
 * struct plugin_list - QEMU's list of plugins to load, a QTAILQ of include/qemu/queue.h
 * @first: first element
 * @last:  points to the list itself while it is empty
 */
struct plugin_list {
	void *first;
	void *last;
};

typedef void parse_fn(const char *option, struct plugin_list *list);
typedef int load_fn(struct plugin_list *list, Error **errp);

static bool in_trial;

bool plugin_number_in_trial(void)
{
	return in_trial;
}

/* Writes the argument of -plugin; a comma in the path is doubled. */
static bool write_option(char *to, size_t size, const char *path)
{
	static const char key[] = "file=";
	size_t at = sizeof(key) - 1;

	memcpy(to, key, at);
	for (; *path && at + 2 < size; path++) {
		to[at++] = *path;
		if (*path == ',')
			to[at++] = ',';
	}
	to[at] = '\0';
	return !*path;
}

static int read_lowest(const char *text)
{
	const char *at = strstr(text, LOWEST_PREFIX);
	char *end;
	long number;

	if (!at)
		return -1;
	at += strlen(LOWEST_PREFIX);
	number = strtol(at, &end, 10);
	return end != at && number >= 0 && number <= INT_MAX ? (int)number : -1;
}

/* QEMU keeps the list elements. They are never freed, some hundred bytes. */
static int load_self(const char *option, parse_fn *parse, load_fn *load)
{
	static struct plugin_list list;
	Error *err = NULL;
	int number;

	list.last = &list;
	parse(option, &list);
	load(&list, &err);
	if (!err)
		return -1;
	number = read_lowest(qemu.error_get_pretty(err));
	qemu.error_free(err);
	return number;
}

static int try_loader(int *declared)
{
	parse_fn *parse = (parse_fn *)dlsym(RTLD_DEFAULT, "qemu_plugin_opt_parse");
	load_fn *load = (load_fn *)dlsym(RTLD_DEFAULT, "qemu_plugin_load_list");
	char option[2 * PATH_MAX];
	Dl_info self;
	int number;

	if (!parse || !load || !dladdr(declared, &self) ||
	    !write_option(option, sizeof(option), self.dli_fname))
		return -1;
	*declared = TRIAL_NUMBER;
	in_trial = true;
	number = load_self(option, parse, load);
	in_trial = false;
	return number;
}

/*
 * Newest first. Each number is the lowest of a window in which the function was seen. The filter
 * came with number 6, of 11.0, which is in the table; 11.1 takes 7 only.
 */
static int guess_by_functions(void)
{
	static const struct {
		const char *function;
		int number;
	} introduced[] = {
		{ "qemu_plugin_register_vcpu_syscall_filter_cb", 7 },
		{ "qemu_plugin_scoreboard_new", 2 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(introduced); i++)
		if (dlsym(RTLD_DEFAULT, introduced[i].function))
			return introduced[i].number;
	return 0;
}

/* The version only chooses the plugin number. This QEMU gets no hints. */
static void read_version(void)
{
	int major, minor;

	if (qemu.has_qmp || emulator_version("/proc/self/exe", &major, &minor))
		return;
	qemu.major = major;
	qemu.minor = minor;
}

int plugin_number_find(int *declared)
{
	int number;

	read_version();
	number = qemu_abi_plugin_version();
	if (number < 0 && qemu.has_qmp && qemu_abi_loader_names_window())
		number = try_loader(declared);
	return number < 0 ? guess_by_functions() : number;
}
