// SPDX-License-Identifier: GPL-2.0
/*
 * freehint top: all virtual machines of this host, one line each, from the metrics that
 * their agents write. It connects to nothing: each agent has the only monitor there is.
 */
#define _GNU_SOURCE
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../commands.h"
#include "../options/common_options.h"
#include "../options/option_number.h"
#include "../terminal/complain.h"
#include "../terminal/interrupts.h"
#include "../terminal/printable_line.h"
#include "../terminal/terminal.h"
#include "host-agent/common/standard_streams.h"
#include "metrics_file.h"

#define DIRECTORY	"/run/freehint-metrics"
#define NAME_COLUMNS	20U
#define PERIOD_MAX	3600

/**
 * struct top_options - the options
 * @directory: where the agents write, NULL: DIRECTORY, which the first agent makes
 * @period:    seconds between two looks
 * @once:      look once
 * @json:      one JSON document for each look
 */
struct top_options {
	const char *directory;
	unsigned int period;
	bool once;
	bool json;
};

static const struct argp_option options[] = {
	{ "directory", 'd', "PATH", 0, "where the agents write their metrics (default " DIRECTORY ")", 0 },
	{ "period", 'p', "SECONDS", 0, "time between two looks (default 2)", 0 },
	{ "once", '1', NULL, 0, "look once", 0 },
	{ "json", 'j', NULL, 0, "a line of JSON for each look", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct top_options *opt = state->input;

	switch (key) {
	case 'd':
		opt->directory = arg;
		return 0;
	case 'p':
		opt->period = (unsigned int)option_number(arg, "period", 1, PERIOD_MAX, state);
		return 0;
	case '1':
		opt->once = true;
		return 0;
	case 'j':
		opt->json = true;
		return 0;
	case ARGP_KEY_ARG:
		return option_no_argument(arg, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* MB with its column's width, or a dash. */
static void print_mb(FILE *to, double bytes, int width)
{
	if (bytes < 0)
		fprintf(to, " %*s", width, "-");
	else
		fprintf(to, " %*.0f", width, bytes / 1e6);
}

static void print_name(FILE *to, const char *name)
{
	size_t width = printable_width(name);

	fputs(name, to);
	fprintf(to, "%*s", width < NAME_COLUMNS ? (int)(NAME_COLUMNS - width) : 0, "");
}

static void print_line(FILE *to, const struct metrics_file *vm)
{
	print_name(to, vm->name);
	fprintf(to, " %-11s", metrics_file_state(vm));
	print_mb(to, vm->memory, 8);
	print_mb(to, vm->free, 8);
	print_mb(to, vm->resident, 8);
	print_mb(to, vm->given, 8);
	print_mb(to, vm->skipped, 8);
	if (vm->stop < 0)
		fprintf(to, " %8s\n", "-");
	else
		fprintf(to, " %8.0f\n", vm->stop * 1e3);
}

static void print_table(FILE *to, const struct metrics_file *all, size_t count)
{
	size_t i;

	fprintf(to, "%-*s %-11s %8s %8s %8s %8s %8s %8s\n", NAME_COLUMNS, "NAME, MB", "STATE",
		"MEMORY", "FREE", "RESIDENT", "GIVEN", "KEPT OFF", "STOP, MS");
	for (i = 0; i < count; i++)
		print_line(to, &all[i]);
}

/* A longer line would take two of the terminal's. */
static void put_cut(const char *text, unsigned int columns)
{
	unsigned int used = 0;

	for (; *text; text++) {
		/* Bytes that continue a character take no column. */
		if (*text == '\n')
			used = 0;
		else if ((*text & 0xc0) != 0x80)
			used++;
		if (used <= columns)
			putchar(*text);
	}
}

static void show_table(const struct metrics_file *all, size_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to;

	if (!isatty(STDOUT_FILENO)) {
		print_table(stdout, all, count);
		return;
	}
	to = open_memstream(&text, &size);
	if (!to)
		return;
	print_table(to, all, count);
	if (!fclose(to)) {
		fputs("\033[H\033[J", stdout);
		put_cut(text, terminal_columns(STDOUT_FILENO, 80));
	}
	free(text);
}

/* Unknown numbers are left out. */
static void put(json_t *object, const char *key, double value)
{
	if (value >= 0)
		json_object_set_new(object, key, json_real(value));
}

static json_t *as_json(const struct metrics_file *vm)
{
	json_t *object = json_pack("{s:s, s:s}", "name", vm->name, "state",
				   metrics_file_state(vm));

	put(object, "memory-end-bytes", vm->memory);
	put(object, "free-bytes", vm->free);
	put(object, "resident-bytes", vm->resident);
	put(object, "given-back-bytes", vm->given);
	put(object, "last-skipped-bytes", vm->skipped);
	put(object, "last-stop-seconds", vm->stop);
	return object;
}

static void print_json(const struct metrics_file *all, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list, as_json(&all[i]));
	json_dumpf(list, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(list);
}

/* Said once, but a table clears the terminal each time, and what was said there. */
static void note_no_agent(const struct top_options *opt)
{
	static bool noted;

	if (noted && (opt->json || !isatty(STDOUT_FILENO) || !isatty(STDERR_FILENO)))
		return;
	noted = true;
	complain("there is no " DIRECTORY ": no agent with --metrics has run here since the host was "
		 "booted, or give --directory");
}

static enum cli_exit look(const struct top_options *opt)
{
	const char *directory = opt->directory ? opt->directory : DIRECTORY;
	struct metrics_file *all = NULL;
	size_t count = 0;
	bool none;
	int ret;

	ret = metrics_file_all(directory, &all, &count);
	none = ret == -ENOENT && !opt->directory;
	if (ret && !none) {
		complain("cannot read %s: %s%s", directory, strerror(-ret),
			 ret == -ENOENT ? "; no agent with --metrics writes there" : "");
		return CLI_NO_ANSWER;
	}
	if (opt->json)
		print_json(all, count);
	else
		show_table(all, count);
	free(all);
	if (!streams_flush())
		return CLI_NO_ANSWER;
	if (none)
		note_no_agent(opt);
	return CLI_OK;
}

enum cli_exit cli_top(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Shows all virtual machines of this host, one line each, from the metrics "
		       "that their agents write.\v"
		       "Exit codes: 0 shown, 1 wrong usage, 4 the metrics cannot be read or the "
		       "output not written.",
	};
	struct top_options opt = { .period = 2 };
	enum cli_exit code;

	if (argp_parse(&argp, argc, argv, 0, NULL, &opt))
		return CLI_USAGE;
	interrupts_catch();
	code = look(&opt);
	while (code == CLI_OK && !opt.once && !interrupts_any()) {
		poll(NULL, 0, (int)opt.period * 1000);
		if (!interrupts_any())
			code = look(&opt);
	}
	return code;
}
