/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads the metrics that agents write: one file for each virtual machine. Agents run as
 * QEMU's user, so what is in the files, and in their names, is not to be trusted.
 */
#ifndef FREEHINT_CLI_METRICS_FILE_H
#define FREEHINT_CLI_METRICS_FILE_H

#include "include/freehint/types.h"

/* Longest name that is shown, bytes; a file's name has 255. */
#define METRICS_FILE_NAME	256

/* An agent writes its file every ten seconds: after thrice that it hangs. */
#define METRICS_FILE_OLD	30

/**
 * struct metrics_file - what is known of one virtual machine
 * @name:      its name, fit for a terminal: printable UTF-8
 * @age:       seconds since the file was written
 * @moved:     its agent has ended, and this is what was left of its last migration
 * @attached:  the agent has QEMU and its memory
 * @incoming:  QEMU receives a migration
 * @present:   the guest's module has published its hello
 * @reporting: reporting is on
 * @refused:   something prevents hints, other than a missing module
 * @asking:    the guest is asked for its memory at this moment
 * @memory:    where the guest's memory ends, bytes; from here on -1: unknown
 * @free:      free in the guest when its last migration asked, bytes
 * @resident:  resident memory of QEMU, bytes
 * @given:     given back to the host, bytes
 * @skipped:   kept off the wire in the last migration, bytes
 * @stop:      how long the guest was stopped in it, seconds
 */
struct metrics_file {
	char name[METRICS_FILE_NAME];
	double age;
	bool moved;
	bool attached;
	bool incoming;
	bool present;
	bool reporting;
	bool refused;
	bool asking;
	double memory;
	double free;
	double resident;
	double given;
	double skipped;
	double stop;
};

/** metrics_file_name() - the name of a machine from that of its file, fit for a terminal */
void metrics_file_name(char *name, const char *file);

/**
 * metrics_file_parse() - read a text
 * @vm:   filled, except for @name, @age and @moved
 * @text: what an agent has written, or anything else; ends with a zero
 *
 * Return: false if no line is an agent's.
 */
bool metrics_file_parse(struct metrics_file *vm, const char *text);

/**
 * metrics_file_all() - read all files of a directory
 * @path:  directory
 * @all:   filled, sorted by name, to be freed by the caller
 * @count: filled
 *
 * Only regular files are read, 64 KiB of each; 4096 machines are told of at most. A file that
 * goes away meanwhile is left out, and so are those of other exporters, and what is left of a
 * machine that is here again, or has moved away more than a day ago.
 *
 * Return: 0 or negative errno.
 */
int metrics_file_all(const char *path, struct metrics_file **all, size_t *count);

/** metrics_file_state() - one or two words for what a machine does */
const char *metrics_file_state(const struct metrics_file *vm);

#endif /* FREEHINT_CLI_METRICS_FILE_H */
