/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file that an agent leaves behind when its guest has moved away: the numbers of that
 * migration, for freehint top. Its name does not end as those that Prometheus is to read.
 */
#ifndef FREEHINT_MOVED_METRICS_H
#define FREEHINT_MOVED_METRICS_H

#include <string.h>

/* Files of these names are an agent's: metrics, and with the next one behind it what was left. */
#define METRICS_SUFFIX		".prom"

/* After the name of the file with the metrics. */
#define MOVED_METRICS_SUFFIX	".moved"

/* Shown for a day. The next agent that starts removes older ones. */
#define MOVED_METRICS_SECONDS	86400

/* As many stay in a directory; the oldest goes when another agent starts. */
#define MOVED_METRICS_MAX	64

/** name_before() - length of @name without @suffix; 0: it has another end, or nothing before it */
static inline size_t name_before(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len > end && !strcmp(name + len - end, suffix) ? len - end : 0;
}

#endif /* FREEHINT_MOVED_METRICS_H */
