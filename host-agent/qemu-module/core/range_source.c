// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the ranges of a command: a JSON list for use by hand, or records in a file
 * whose descriptor was passed with getfd.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "range_source.h"

/* Temporary key for a list element; QEMU frees the element with the arguments. */
#define ELEMENT "freehint-element"

static bool read_element(QDict *args, QObject *element, struct freehint_range *range)
{
	int64_t start, length;
	QDict *dict;

	/*
	 * Putting the element into args makes QEMU free it. Reading it back as a QDict
	 * checks its type without access to the layout of a QObject.
	 */
	qemu.qdict_put_obj(args, ELEMENT, element);
	dict = qemu.qdict_get_qdict(args, ELEMENT);
	if (!dict)
		return false;
	start = qemu.qdict_get_try_int(dict, FREEHINT_ARG_START, -1);
	length = qemu.qdict_get_try_int(dict, FREEHINT_ARG_LENGTH, -1);
	if (start < 0 || length < 0)
		return false;
	range->start = start;
	range->length = length;
	return true;
}

static bool read_json(QDict *args, struct range_list *list, const char *too_many, Error **errp)
{
	QList *ranges = qemu.qdict_get_qlist(args, FREEHINT_ARG_RANGES);
	size_t size, i;

	if (!ranges) {
		qemu_error(errp, "'ranges' is not a list; give [{'start': bytes, 'length': "
			   "bytes}, ...]");
		return false;
	}
	size = qemu.qlist_size(ranges);
	if (size > FREEHINT_MAX_JSON_RANGES) {
		qemu_error(errp, "'ranges' has %zu entries, at most %u are accepted; %s", size,
			   FREEHINT_MAX_JSON_RANGES, too_many);
		return false;
	}
	for (i = 0; i < size; i++) {
		if (!read_element(args, qemu.qlist_pop(ranges), &list->range[i])) {
			qemu_error(errp, "range %zu is not {'start': bytes, 'length': bytes}", i);
			return false;
		}
	}
	list->count = size;
	return true;
}

/* Only reads of a regular file cannot block on its writer. */
static bool check_file(int fd, const char *name, Error **errp)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		qemu_error(errp, "file descriptor '%s' is not a regular file; pass a memfd", name);
		return false;
	}
	return true;
}

static bool read_records(int fd, const char *name, struct range_list *list, u32 count,
			 Error **errp)
{
	size_t size = count * sizeof(list->range[0]);
	ssize_t got;

	if (!check_file(fd, name, errp))
		return false;
	/* pread() and not mmap(): if the peer truncates its file, this returns an error. */
	got = pread(fd, list->range, size, 0);
	if (got < 0 || (size_t)got != size) {
		qemu_error(errp, "file '%s' holds %zd bytes, %u ranges are %zu; lower 'count'",
			   name, got, count, size);
		return false;
	}
	list->count = count;
	return true;
}

static bool read_file(QDict *args, struct range_list *list, Error **errp)
{
	const char *name = qemu.qdict_get_try_str(args, FREEHINT_ARG_FDNAME);
	int64_t count = qemu.qdict_get_try_int(args, FREEHINT_ARG_COUNT, -1);
	bool ok = false;
	int fd;

	if (!name) {
		qemu_error(errp, "'fdname' is not a string; give the name that getfd had");
		return false;
	}
	/* From here on the descriptor must be closed, also on errors. */
	fd = qemu.monitor_get_fd(qemu.monitor_cur(), name, errp);
	if (fd < 0)
		return false;
	if (count < 0 || count > FREEHINT_MAX_RANGES)
		qemu_error(errp, "'count' is missing, negative or above %u; give the number of "
			   "ranges in file '%s'", FREEHINT_MAX_RANGES, name);
	else
		ok = read_records(fd, name, list, count, errp);
	close(fd);
	return ok;
}

bool range_source_read(QDict *args, struct range_list *list, const struct range_advice *advice,
		       Error **errp)
{
	bool json = qemu.qdict_haskey(args, FREEHINT_ARG_RANGES);
	bool file = qemu.qdict_haskey(args, FREEHINT_ARG_FDNAME);

	list->count = 0;
	if (json && file) {
		qemu_error(errp, "'ranges' and 'fdname' exclude each other; give one");
		return false;
	}
	if (json)
		return read_json(args, list, advice->too_many, errp);
	if (file)
		return read_file(args, list, errp);
	/* A command without ranges is valid if it carries "last". */
	if (qemu.qdict_get_try_bool(args, FREEHINT_ARG_LAST, false))
		return true;
	qemu_error(errp, "%s", advice->missing);
	return false;
}
