// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the metrics files of the agents. Lines that are no metric of an agent are ignored.
 */
#define _GNU_SOURCE
#include "metrics_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host-agent/common/instance_name.h"
#include "host-agent/common/moved_metrics.h"
#include "host-agent/common/printable.h"

#define FILES_MAX	4096
#define TEXT_MAX	65536
/* An exabyte: what is more is no number of ours, and would fill the line. */
#define VALUE_MAX	1e18
#define MOVED_SUFFIX	METRICS_SUFFIX MOVED_METRICS_SUFFIX
#define PREFIX		"freehint_"

/**
 * struct known - a metric that is shown
 * @name:   without its prefix
 * @offset: of its member
 * @flag:   the member is a bool
 */
struct known {
	const char *name;
	size_t offset;
	bool flag;
};

#define FLAG(name, member)	{ name, offsetof(struct metrics_file, member), true }
#define NUMBER(name, member)	{ name, offsetof(struct metrics_file, member), false }

static const struct known metrics[] = {
	FLAG("attached", attached),
	FLAG("incoming", incoming),
	FLAG("guest_present", present),
	FLAG("reporting", reporting),
	FLAG("refused", refused),
	FLAG("give_back_asking", asking),
	NUMBER("guest_memory_end_bytes", memory),
	NUMBER("guest_free_bytes", free),
	NUMBER("qemu_resident_bytes", resident),
	NUMBER("give_back_bytes_total", given),
	NUMBER("last_migration_skipped_bytes", skipped),
	NUMBER("last_migration_stop_seconds", stop),
};

#define COUNT	ARRAY_SIZE(metrics)

static void set(struct metrics_file *vm, const struct known *metric, double value)
{
	const bool flag = value > 0;

	if (metric->flag)
		memcpy((char *)vm + metric->offset, &flag, sizeof(flag));
	else
		memcpy((char *)vm + metric->offset, &value, sizeof(value));
}

static void take(struct metrics_file *vm, const struct known *metric, double value)
{
	if (isfinite(value) && value >= 0 && value <= VALUE_MAX)
		set(vm, metric, value);
}

/* A line like: freehint_attached{vm="vm1"} 1; false: it is no agent's. */
static bool parse_line(struct metrics_file *vm, const char *line, size_t len)
{
	const char *value = memrchr(line, ' ', len), *brace;
	size_t i, name;

	if (!value || len < sizeof(PREFIX) || memcmp(line, PREFIX, sizeof(PREFIX) - 1) != 0)
		return false;
	line += sizeof(PREFIX) - 1;
	brace = memchr(line, '{', (size_t)(value - line));
	if (!brace)
		return false;
	name = (size_t)(brace - line);
	for (i = 0; i < COUNT; i++)
		if (strlen(metrics[i].name) == name && !memcmp(metrics[i].name, line, name))
			take(vm, &metrics[i], strtod(value, NULL));
	return true;
}

bool metrics_file_parse(struct metrics_file *vm, const char *text)
{
	bool ours = false;
	const char *end;
	size_t i;

	for (i = 0; i < COUNT; i++)
		set(vm, &metrics[i], -1);
	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		if (end > text && parse_line(vm, text, (size_t)(end - text)))
			ours = true;
	}
	return ours;
}

void metrics_file_name(char *name, const char *file)
{
	size_t len = name_before(file, MOVED_SUFFIX);
	char plain[METRICS_FILE_NAME];

	if (!len)
		len = name_before(file, METRICS_SUFFIX);
	if (!len)
		len = strlen(file);
	if (len > sizeof(plain) - 1)
		len = sizeof(plain) - 1;
	plain[instance_name_plain(plain, file, len)] = '\0';
	printable_copy(name, METRICS_FILE_NAME, plain);
}

/* Neither a link nor a FIFO: whoever may write here must not choose what root reads. */
static int open_regular(int dir, const char *name, struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (!fstat(fd, st) && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return -1;
}

/* A machine that came back has an agent, and so a file without this end. */
static bool is_over(int dir, const char *name, double age)
{
	char back[NAME_MAX + 1];

	snprintf(back, sizeof(back), "%.*s", (int)name_before(name, MOVED_METRICS_SUFFIX), name);
	return age > MOVED_METRICS_SECONDS || !faccessat(dir, back, F_OK, AT_SYMLINK_NOFOLLOW);
}

static bool read_file(struct metrics_file *vm, int dir, const char *name, char *text)
{
	struct stat st;
	ssize_t len;
	int fd;

	fd = open_regular(dir, name, &st);
	if (fd < 0)
		return false;
	len = read(fd, text, TEXT_MAX - 1);
	close(fd);
	if (len < 0)
		return false;
	text[len] = '\0';
	if (!metrics_file_parse(vm, text))
		return false;
	metrics_file_name(vm->name, name);
	vm->age = difftime(time(NULL), st.st_mtime);
	vm->moved = name_before(name, MOVED_SUFFIX);
	return !vm->moved || !is_over(dir, name, vm->age);
}

/* What is left for Prometheus has a second file, for us. */
static bool is_metrics(const char *name)
{
	if (name_before(name, SCRAPED_METRICS_SUFFIX))
		return false;
	return name_before(name, METRICS_SUFFIX) || name_before(name, MOVED_SUFFIX);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct metrics_file *)a)->name,
		      ((const struct metrics_file *)b)->name);
}

static int read_all(DIR *dir, struct metrics_file **all, size_t *count, char *text)
{
	const struct dirent *entry;
	struct metrics_file *more;

	while (*count < FILES_MAX && (entry = readdir(dir))) {
		if (!is_metrics(entry->d_name))
			continue;
		more = reallocarray(*all, *count + 1, sizeof(**all));
		if (!more)
			return -ENOMEM;
		*all = more;
		if (read_file(&more[*count], dirfd(dir), entry->d_name, text))
			++*count;
	}
	if (*count)
		qsort(*all, *count, sizeof(**all), by_name);
	return 0;
}

int metrics_file_all(const char *path, struct metrics_file **all, size_t *count)
{
	char *text = malloc(TEXT_MAX);
	DIR *dir = opendir(path);
	int ret = dir ? -ENOMEM : -errno;

	*all = NULL;
	*count = 0;
	if (dir && text)
		ret = read_all(dir, all, count, text);
	if (dir)
		closedir(dir);
	free(text);
	if (!ret)
		return 0;
	free(*all);
	*all = NULL;
	*count = 0;
	return ret;
}

const char *metrics_file_state(const struct metrics_file *vm)
{
	if (vm->moved)
		return "moved";
	if (vm->age > METRICS_FILE_OLD)
		return "agent hangs";
	if (vm->refused)
		return "refused";
	if (vm->incoming)
		return "incoming";
	if (!vm->attached)
		return "waiting";
	if (!vm->present)
		return "no module";
	if (vm->asking)
		return "gives back";
	return vm->reporting ? "reporting" : "idle";
}
