/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs a program for what it prints.
 */
#ifndef FREEHINT_CLI_RUN_PROGRAM_H
#define FREEHINT_CLI_RUN_PROGRAM_H

#include <stdbool.h>

/* How long it may run, seconds. */
#define RUN_PROGRAM_S	20

/**
 * run_program() - run a program, and look for a line in what it prints
 * @path:     path
 * @argument: its first argument
 * @more:     its second one, or NULL
 * @taken:    called for each line, until it returns true
 *
 * Return: 1 when it did, 0 when it did not, -EIO if the program did not run, or was ended before
 * it had printed all, so that nobody knows.
 */
int run_program(const char *path, const char *argument, const char *more,
		bool (*taken)(const char *line));

#endif /* FREEHINT_CLI_RUN_PROGRAM_H */
