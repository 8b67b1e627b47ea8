/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads the ranges of a command: a JSON list for use by hand, or records in a file
 * whose descriptor was passed with getfd.
 */
#ifndef FREEHINT_RANGE_SOURCE_H
#define FREEHINT_RANGE_SOURCE_H

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/qmp_names.h"
#include "qemu_abi.h"

/**
 * struct range_list - a private copy of the ranges of one command
 * @range: as the peer sent them, unchecked
 * @count: number of ranges
 */
struct range_list {
	struct freehint_range range[FREEHINT_MAX_RANGES];
	u32 count;
};

/**
 * struct range_advice - what the user of a command is to do
 * @missing:  it has no ranges; the whole message
 * @too_many: there are more than FREEHINT_MAX_JSON_RANGES in "ranges"
 */
struct range_advice {
	const char *missing;
	const char *too_many;
};

/**
 * range_source_read() - copy the ranges of a command
 * @args: arguments of the command: either "ranges" or "fdname", or neither with "last"
 * @list: filled
 * @advice: for the messages
 * @errp: set on failure
 *
 * Context: BQL held, in the handler of a command: the descriptor is one of its monitor.
 *
 * Return: true if @list holds the ranges.
 */
bool range_source_read(QDict *args, struct range_list *list, const struct range_advice *advice,
		       Error **errp);

#endif /* FREEHINT_RANGE_SOURCE_H */
