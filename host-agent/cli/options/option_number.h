/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers on the command line. Every command reads them in the same way.
 */
#ifndef FREEHINT_OPTION_NUMBER_H
#define FREEHINT_OPTION_NUMBER_H

#include <argp.h>

/**
 * option_number() - parse the decimal number of an option
 * @arg:   its argument
 * @name:  of the option, without dashes
 * @min:   smallest value
 * @max:   largest value
 * @state: of argp; a bad number is reported there, which ends the program
 *
 * Return: the number.
 */
long long option_number(const char *arg, const char *name, long long min, long long max,
			struct argp_state *state);

#endif /* FREEHINT_OPTION_NUMBER_H */
