// SPDX-License-Identifier: GPL-2.0
/*
 * Parses the numbers on the command line.
 */
#include "option_number.h"

#include <errno.h>
#include <stdlib.h>

long long option_number(const char *arg, const char *name, long long min, long long max,
			struct argp_state *state)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(arg, &end, 10);
	if (errno || end == arg || *end || value < min || value > max)
		argp_error(state, "--%s is %s, give a number from %lld to %lld", name, arg, min,
			   max);
	return value;
}
