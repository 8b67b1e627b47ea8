/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the agent knows as Prometheus text, for node_exporter's textfile collector: the
 * text here, the file in scribe.c.
 */
#ifndef FREEHINT_METRICS_H
#define FREEHINT_METRICS_H

#include "host-agent/common/freehint_status.h"
#include "include/freehint/types.h"
#include "migration_phase.h"
#include "stats.h"

/* More than all metrics with the longest label take. */
#define METRICS_TEXT	8192
#define METRICS_LABEL	64

/**
 * struct metrics - what was counted since the agent started, and what was last written
 * @scribe:     socket to the scribe, -1 without one
 * @label:      value of the label "vm", escaped
 * @ended:      migrations by outcome; OUTCOME_NONE counts those whose end was not seen
 * @faulty:     rounds dropped because of what the guest wrote
 * @mismatched: of them, seals that contradict the bitmap
 * @offered:    pages sent to QEMU in mark-clean commands
 * @text:       what was last sent
 * @sent_us:    when, monotonic microseconds
 */
struct metrics {
	int scribe;
	char label[METRICS_LABEL];
	u64 ended[OUTCOME_COUNT];
	u64 faulty;
	u64 mismatched;
	u64 offered;
	char text[METRICS_TEXT];
	u64 sent_us;
};

/**
 * struct metrics_view - what is so right now
 * @attached: the shared memory is mapped
 * @status:   QEMU's last answer, all zeros without one
 */
struct metrics_view {
	bool attached;
	const struct freehint_status *status;
};

/**
 * metrics_init() - begin to count
 * @metrics: filled
 * @path:    file that the scribe writes, or NULL for none; its name without ".prom"
 *           becomes the label "vm"
 * @scribe:  socket to the scribe, or -1; the caller's
 */
void metrics_init(struct metrics *metrics, const char *path, int scribe);

/** metrics_count() - add what was counted in a migration that ended with @outcome */
void metrics_count(struct metrics *metrics, const struct agent_stats *stats,
		   enum migration_outcome outcome);

/**
 * metrics_format() - the whole text
 * @metrics: counts
 * @view:    state
 * @text:    METRICS_TEXT bytes, filled
 *
 * Return: length of the text.
 */
size_t metrics_format(const struct metrics *metrics, const struct metrics_view *view,
		      char *text);

/**
 * metrics_tell() - give the scribe what is new
 * @metrics: counts
 * @view:    state
 * @now:     even if the last text was written less than a second ago
 *
 * Never blocks: a scribe that is slow misses a text, one that is gone is given up.
 */
void metrics_tell(struct metrics *metrics, const struct metrics_view *view, bool now);

#endif /* FREEHINT_METRICS_H */
