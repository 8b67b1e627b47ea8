/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files that an agent leaves behind when its guest has moved away, with the numbers of
 * that migration: one for freehint top, which shows it for a day, and one for Prometheus, which
 * has scraped it after some minutes.
 */
#ifndef FREEHINT_MOVED_METRICS_H
#define FREEHINT_MOVED_METRICS_H

#include <string.h>

/* Files of these names are an agent's: metrics, and with the next one behind it what was left. */
#define METRICS_SUFFIX		".prom"

/* After the name of the file with the metrics. */
#define MOVED_METRICS_SUFFIX	".moved"

/*
 * In place of METRICS_SUFFIX: what Prometheus reads. systemd has no "~" in names of instances,
 * so no guest is called like this.
 */
#define SCRAPED_METRICS_SUFFIX	"~moved.prom"

/*
 * Removed after this time; collectors scrape far more often. freehint-moved.service has the same
 * number, in minutes.
 */
#define SCRAPED_METRICS_SECONDS	600

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
