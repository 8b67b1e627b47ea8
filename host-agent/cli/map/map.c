// SPDX-License-Identifier: GPL-2.0
/*
 * freehint map: draws a picture of guest memory, during or after a migration, or of what was
 * given back to the host.
 */
#define _GNU_SOURCE
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../commands.h"
#include "../options/common_options.h"
#include "../options/option_number.h"
#include "../qmp/qmp_call.h"
#include "../region/region_file.h"
#include "../terminal/complain.h"
#include "../terminal/terminal.h"
#include "host-agent/common/json_natural.h"
#include "include/freehint/qmp_names.h"
#include "map_cells.h"
#include "map_draw.h"

#define CELLS_DEFAULT	1024

#define NOT_VALID	"QEMU's answer to " FREEHINT_QMP_MAP " is not valid: update freehint"

/**
 * struct map_options - the options
 * @qmp:    socket
 * @shm:    file behind the device
 * @output: picture to write, NULL: draw on the terminal
 * @cells:  number of cells
 * @given:  draw what was given back
 */
struct map_options {
	const char *qmp;
	const char *shm;
	const char *output;
	long long cells;
	bool given;
};

static const struct argp_option options[] = {
	OPTION_QMP,
	{ "shm", 's', "PATH", 0, "file behind the ivshmem device", 0 },
	{ "given-back", 'g', NULL, 0, "draw what was given back to the host", 0 },
	{ "output", 'o', "FILE", 0, "write a picture, FILE.svg or FILE.png", 0 },
	{ "cells", 'c', "N", 0, "parts that memory is shown in, 64 to 4096 (default 1024)", 0 },
	{ 0 },
};

/* In any case, unlike text_ends_with(): a picture may come from another system, as MAP.PNG. */
static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len > tail && !strcasecmp(text + len - tail, end);
}

static error_t check(const struct map_options *opt, struct argp_state *state)
{
	option_need_qmp(opt->qmp, state);
	if (!opt->shm && !opt->given)
		argp_error(state, "give the file behind the device with --shm");
	else if (opt->output && !ends_with(opt->output, ".svg") &&
		 !ends_with(opt->output, ".png"))
		argp_error(state, "%s ends neither in .svg nor in .png", opt->output);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct map_options *opt = state->input;

	switch (key) {
	case 'q':
		opt->qmp = arg;
		return 0;
	case 's':
		opt->shm = arg;
		return 0;
	case 'g':
		opt->given = true;
		return 0;
	case 'o':
		opt->output = arg;
		return 0;
	case 'c':
		opt->cells = option_number(arg, "cells", 64, FREEHINT_MAX_CELLS, state);
		return 0;
	case ARGP_KEY_ARG:
		return option_no_argument(arg, state);
	case ARGP_KEY_END:
		return check(opt, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/**
 * struct asked - what QEMU says of the last migration and of its shared memory
 * @round:    id of the open or the last round, FREEHINT_NO_ROUND when there was none
 * @instance: of the shared memory
 * @size:     of the shared memory, bytes
 * @runs:     the guest does, as far as QEMU says
 */
struct asked {
	u64 round;
	u64 instance;
	u64 size;
	bool runs;
};

static bool ask_runs(struct qmp_call *call)
{
	json_t *answer = qmp_call(call, "query-status", NULL);
	const char *state = json_string_value(json_object_get(answer, "status"));
	bool runs = !state || !strcmp(state, "running");

	json_decref(answer);
	return runs;
}

/* QEMU forgets the last round when the next migration begins. */
static void explain_no_round(const json_t *status)
{
	complain("%s, so there is nothing to draw; --given-back draws what was given back",
		 json_natural(json_object_get(status, "counters"), "migrations") ?
		 "the last migration had no hints, or the one that runs has none yet" :
		 "there was no migration with hints since this QEMU started");
}

/* Return: false with the reason printed; then there is nothing to draw. */
static bool ask_status(struct qmp_call *call, struct asked *asked)
{
	json_t *status = qmp_call(call, FREEHINT_QMP_QUERY, NULL);
	bool answered = status;

	asked->round = json_natural(json_object_get(status, "last-round"), "round");
	asked->instance = json_natural(status, "instance");
	asked->size = json_natural(json_object_get(status, "region"), "size");
	if (!answered)
		complain("%s", call->error);
	else if (asked->round == FREEHINT_NO_ROUND)
		explain_no_round(status);
	else
		asked->runs = ask_runs(call);
	json_decref(status);
	return answered && asked->round != FREEHINT_NO_ROUND;
}

static json_t *ask(struct qmp_call *call, json_t *args)
{
	json_t *answer = qmp_call(call, FREEHINT_QMP_MAP, args);

	if (!answer)
		complain("%s", call->absent ?
			 "QEMU runs without the extension, or with an older one: start it with -plugin "
			 "file=freehint-qemu.so of this release" : call->error);
	return answer;
}

static bool ask_qemu(struct qmp_call *call, const struct map_options *opt,
		     struct map_cells *cells)
{
	json_t *answer = ask(call, json_pack("{s:I}", FREEHINT_ARG_CELLS,
					     (json_int_t)opt->cells));
	int ret = answer ? map_cells_parse(cells, answer) : 0;

	if (ret)
		complain(NOT_VALID);
	json_decref(answer);
	return answer && !ret;
}

/* QEMU answers a part at a time, because it holds its big lock meanwhile. */
static bool ask_given(struct qmp_call *call, const struct map_options *opt,
		      struct map_cells *cells)
{
	json_t *answer;
	u64 from = 0;
	int ret;

	do {
		answer = ask(call, json_pack("{s:I, s:I}", FREEHINT_ARG_CELLS,
					     (json_int_t)opt->cells, FREEHINT_ARG_GIVEN_FROM,
					     (json_int_t)from));
		if (!answer)
			return false;
		ret = map_cells_add_given(cells, answer, &from);
		json_decref(answer);
	} while (!ret && from < cells->pages);
	if (ret)
		complain("%s", ret == -EAGAIN ?
			 "the guest's memory has changed its size meanwhile, start again" :
			 NOT_VALID);
	return !ret;
}

/*
 * The last round of a migration has no complete report if QEMU stopped the guest before it
 * was done. The picture then shows what was hinted, and the rest as in use.
 */
static void add_free(struct map_cells *cells, const struct shm_region *region, u64 round)
{
	struct freehint_reader reader;

	if (!freehint_reader_attach(&reader, region->base, region->size) &&
	    !map_cells_add_free(cells, &reader, round))
		return;
	complain("the guest's last report of free pages is not complete, hinted pages are drawn as free");
	map_cells_assume_free(cells);
}

/* Return: false with the reason printed. */
static bool read_free(struct map_cells *cells, const char *path, const struct asked *asked)
{
	struct shm_region region = { 0 };
	bool good;

	if (region_file_open(&region, path, asked->size))
		return false;
	good = region_file_is_of(&region, asked->instance);
	if (good) {
		add_free(cells, &region, asked->round);
		good = !region_file_lost(&region, path);
	} else if (!region_file_lost(&region, path)) {
		complain(REGION_FILE_OTHER "%s", path, (unsigned long long)asked->instance,
			 asked->runs ? "" : "; or it is the right one, and the guest was reset "
			 "while it was stopped: let it run first");
	}
	shm_region_unmap(&region);
	return good;
}

static unsigned int columns(void)
{
	const char *wanted = getenv("COLUMNS");
	long count = wanted ? strtol(wanted, NULL, 10) : 0;

	return terminal_columns(STDOUT_FILENO,
				count > 0 && count < 10000 ? (unsigned int)count : 80);
}

static bool wants_colour(void)
{
	const char *term = getenv("TERM");

	return terminal_wants_colour(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

static enum cli_exit draw(const struct map_cells *cells, const char *output)
{
	int ret;

	if (!output) {
		map_terminal(cells, stdout, columns(), wants_colour());
		return CLI_OK;
	}
	ret = ends_with(output, ".svg") ? map_svg(cells, output) : map_png(cells, output);
	if (!ret)
		return CLI_OK;
	complain("%s cannot be written: %s; give another file with --output", output,
		 strerror(-ret));
	return CLI_NO_ANSWER;
}

static enum cli_exit map(struct qmp_call *call, const struct map_options *opt)
{
	static struct map_cells cells;
	struct asked asked = { 0 };

	if (opt->given ? !ask_given(call, opt, &cells) :
	    !ask_qemu(call, opt, &cells) || !ask_status(call, &asked) ||
	    !read_free(&cells, opt->shm, &asked))
		return CLI_NO_ANSWER;
	return draw(&cells, opt->output);
}

enum cli_exit cli_map(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Shows guest memory in the last migration, or in the one that runs: "
		       "sent, kept off the wire, used again. Not on the destination "
		       "of a running postcopy migration, which it would break. With "
		       "--given-back: what was given back to the host, and what of it is in "
		       "use again.\v"
		       "Exit codes: 0 shown, 1 wrong usage, 4 QEMU does not answer, the last "
		       "migration had no hints, or a file cannot be read or written, or is another "
		       "QEMU's.",
	};
	struct map_options opt = { .cells = CELLS_DEFAULT };
	enum cli_exit code = CLI_NO_ANSWER;
	struct qmp_call call;

	if (argp_parse(&argp, argc, argv, 0, NULL, &opt))
		return CLI_USAGE;
	if (!qmp_call_open(&call, opt.qmp))
		code = map(&call, &opt);
	else
		complain("%s", call.error);
	qmp_call_close(&call);
	return code;
}
