// SPDX-License-Identifier: GPL-2.0
/*
 * Removes files that agents have left behind for guests that moved away, or because they were
 * killed.
 */
#define _GNU_SOURCE
#include "moved_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host-agent/common/moved_metrics.h"
#include "include/freehint/types.h"

/* The file that a text is written into first has this end, and the number of the process before. */
#define FRESH_SUFFIX	".new"

/* A process writes and renames its text at once. Older ones have been left behind. */
#define FRESH_SECONDS	60

/**
 * struct oldest - what was found in a directory
 * @count: files that stay
 * @since: when the oldest of them was written
 * @name:  its name
 */
struct oldest {
	unsigned int count;
	time_t since;
	char name[NAME_MAX + 1];
};

/* How long a file of this name stays, seconds; 0: no agent has made it. */
static time_t lifetime_of(const char *name)
{
	if (name_before(name, SCRAPED_METRICS_SUFFIX))
		return SCRAPED_METRICS_SECONDS;
	return name_before(name, METRICS_SUFFIX MOVED_METRICS_SUFFIX) ? MOVED_METRICS_SECONDS : 0;
}

static void remove_or_count(struct oldest *oldest, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return;
	if (st.st_mtime < time(NULL) - lifetime_of(name)) {
		unlinkat(dir, name, 0);
		return;
	}
	/* Files for Prometheus stay for minutes only, so they need no limit of their number. */
	if (name_before(name, SCRAPED_METRICS_SUFFIX))
		return;
	if (!oldest->count++ || st.st_mtime < oldest->since) {
		oldest->since = st.st_mtime;
		snprintf(oldest->name, sizeof(oldest->name), "%s", name);
	}
}

static DIR *open_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];

	if (!slash)
		return opendir(".");
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path) + 1, path);
	return opendir(parent);
}

/* Return: true if there are still too many. */
static bool remove_old(DIR *dir)
{
	struct oldest oldest = { .count = 0 };
	const struct dirent *entry;

	while ((entry = readdir(dir)))
		if (lifetime_of(entry->d_name))
			remove_or_count(&oldest, dirfd(dir), entry->d_name);
	if (oldest.count < MOVED_METRICS_MAX)
		return false;
	return !unlinkat(dirfd(dir), oldest.name, 0);
}

bool moved_files_scraped(char *to, size_t size, const char *path)
{
	const size_t len = name_before(path, METRICS_SUFFIX);

	snprintf(to, size, "%.*s%s", (int)len, path, SCRAPED_METRICS_SUFFIX);
	return len;
}

static void remove_own(const char *path)
{
	char own[PATH_MAX];

	snprintf(own, sizeof(own), "%s%s", path, MOVED_METRICS_SUFFIX);
	unlink(own);
	if (moved_files_scraped(own, sizeof(own), path))
		unlink(own);
}

void moved_files_fresh(char *to, size_t size, const char *path, pid_t pid)
{
	snprintf(to, size, "%s.%d" FRESH_SUFFIX, path, (int)pid);
}

/* Is it a name that moved_files_fresh() makes of @file? */
static bool is_fresh(const char *name, const char *file)
{
	size_t len = strlen(file), digits;

	if (strncmp(name, file, len) != 0 || name[len] != '.')
		return false;
	digits = strspn(name + len + 1, "0123456789");
	return digits && !strcmp(name + len + 1 + digits, FRESH_SUFFIX);
}

static void remove_fresh(DIR *dir, const char *path)
{
	const char *slash = strrchr(path, '/');
	const struct dirent *entry;
	struct stat st;

	while ((entry = readdir(dir)))
		if (is_fresh(entry->d_name, slash ? slash + 1 : path) &&
		    !fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    st.st_mtime < time(NULL) - FRESH_SECONDS)
			unlinkat(dirfd(dir), entry->d_name, 0);
	rewinddir(dir);
}

void moved_files_prune(const char *path)
{
	DIR *dir;

	remove_own(path);
	dir = open_parent(path);
	if (!dir)
		return;
	remove_fresh(dir, path);
	while (remove_old(dir))
		rewinddir(dir);
	closedir(dir);
}
