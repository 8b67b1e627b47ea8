/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file that an agent leaves behind when its guest has moved away: the numbers of that
 * migration, for freehint top. Its name does not end as those that Prometheus is to read.
 */
#ifndef FREEHINT_MOVED_METRICS_H
#define FREEHINT_MOVED_METRICS_H

/* After the name of the file with the metrics. */
#define MOVED_METRICS_SUFFIX	".moved"

/* Shown for a day. The next agent that starts removes older ones. */
#define MOVED_METRICS_SECONDS	86400

/* As many stay in a directory; the oldest goes when another agent starts. */
#define MOVED_METRICS_MAX	64

#endif /* FREEHINT_MOVED_METRICS_H */
