/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the ranges of a mark-clean command come from: a JSON list for use by hand,
 * or records in a file whose descriptor was passed with getfd.
 */
#ifndef FREEHINT_RANGE_SOURCE_H
#define FREEHINT_RANGE_SOURCE_H

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/qmp_names.h"
#include "../core/qemu_abi.h"

/**
 * struct range_list - a private copy of the ranges of one command
 * @range: as the peer sent them, unchecked
 * @count: how many
 */
struct range_list {
	struct freehint_range range[FREEHINT_MAX_RANGES];
	u32 count;
};

/**
 * range_source_read() - copy the ranges of a command
 * @args: arguments of the command; exactly one of "ranges" and "fdname"
 * @list: filled
 * @errp: set on failure
 *
 * Return: true when @list holds them.
 */
bool range_source_read(QDict *args, struct range_list *list, Error **errp);

#endif /* FREEHINT_RANGE_SOURCE_H */
