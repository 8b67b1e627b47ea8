// SPDX-License-Identifier: GPL-2.0
/*
 * Which plugin API number QEMU wants to read in us: found out before it reads it.
 *
 * Each QEMU takes a window of numbers and ends when a plugin declares another. The window
 * moves: 0 to 1 up to 8.2, 2 to 4 in 10.0, 7 alone in 11.1. It is a constant in QEMU's
 * loader; no function tells it, and what qemu_plugin_install() is told comes too late. But
 * the loader names its lowest number when it turns a plugin away, and it can be called. So
 * a series that is not known is asked: its loader is given this very object, which declares
 * a number below all windows, and what it says is read. It has nothing to load, for the
 * object is loaded already, and it turns us away before it has changed anything
 * (plugins/loader.c, plugin_load()). No process is started, no file is written.
 *
 * A QEMU without modules exports neither the loader nor its version, only the functions
 * that plugins may call. These tell numbers apart as far as they came with one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plugin_number.h"
#include "../core/qemu_abi.h"

/* Below every window. */
#define TURNED_AWAY	(-1)
/* What the loader says before its lowest number. */
#define SAYS_LOWEST	"minimum version of "
/* Before 9.0 all windows begin at 0, and before 7.0 the loader prints what it says. */
#define SINCE_MAJOR	9

/**
 * struct plugin_list - QEMU's list of plugins to load, a QTAILQ of include/qemu/queue.h
 * @first: element
 * @last:  the list itself while it is empty
 */
struct plugin_list {
	void *first;
	void *last;
};

typedef void parse_fn(const char *option, struct plugin_list *list);
typedef int load_fn(struct plugin_list *list, Error **errp);

static bool asked;

bool plugin_number_is_asked(void)
{
	return asked;
}

/* -plugin's argument: a comma in a path is written twice. */
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
	const char *at = strstr(text, SAYS_LOWEST);
	char *end;
	long number;

	if (!at)
		return -1;
	at += strlen(SAYS_LOWEST);
	number = strtol(at, &end, 10);
	return end != at && number >= 0 && number <= INT_MAX ? (int)number : -1;
}

/* QEMU keeps what it has put into the list; it stays there, some hundred bytes. */
static int load_again(const char *option, parse_fn *parse, load_fn *load)
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

static int ask_loader(int *declared)
{
	parse_fn *parse = (parse_fn *)dlsym(RTLD_DEFAULT, "qemu_plugin_opt_parse");
	load_fn *load = (load_fn *)dlsym(RTLD_DEFAULT, "qemu_plugin_load_list");
	char option[2 * PATH_MAX];
	Dl_info self;
	int number;

	if (!parse || !load || !dladdr(declared, &self) ||
	    !write_option(option, sizeof(option), self.dli_fname))
		return -1;
	*declared = TURNED_AWAY;
	asked = true;
	number = load_again(option, parse, load);
	asked = false;
	return number;
}

/* The newest first; each number is the lowest of the windows that it was seen in. */
static int guess_by_functions(void)
{
	static const struct {
		const char *function;
		int number;
	} came[] = {
		{ "qemu_plugin_register_vcpu_syscall_filter_cb", 7 },
		{ "qemu_plugin_scoreboard_new", 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(came) / sizeof(came[0]); i++)
		if (dlsym(RTLD_DEFAULT, came[i].function))
			return came[i].number;
	return 0;
}

int plugin_number_find(int *declared)
{
	int number = qemu_abi_plugin_version();

	if (number < 0 && qemu.answers && qemu.major >= SINCE_MAJOR)
		number = ask_loader(declared);
	return number < 0 ? guess_by_functions() : number;
}
