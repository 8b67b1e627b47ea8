/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Formats the agent's state and counters as Prometheus text, for node_exporter's textfile
 * collector. metrics_writer.c writes the file.
 */
#ifndef FREEHINT_METRICS_H
#define FREEHINT_METRICS_H

#include "host-agent/agent/give-back/offer_flow.h"
#include "host-agent/agent/migration/migration_phase.h"
#include "host-agent/agent/migration/stats.h"
#include "host-agent/common/freehint_status.h"
#include "include/freehint/types.h"
#include "prometheus_text.h"

/* All metrics with the longest label fit. */
#define METRICS_TEXT	36864

/* The first line of what is left of a guest that has moved away. */
#define METRICS_MOVED	"# The guest has moved away. Its migrations:\n"

/**
 * struct metrics - counters since the agent started, and the text that was sent last
 * @writer:     socket to the metrics writer, -1 without one
 * @label:      value of the label "vm", escaped for the text format
 * @ended:      migrations by outcome; OUTCOME_NONE counts those whose end was not seen
 * @faulty:     rounds dropped because of what the guest wrote
 * @mismatched: faulty rounds whose seal contradicts the bitmap
 * @offered:    pages sent to QEMU in mark-clean commands
 * @free_known: the guest has counted its free pages, in any migration
 * @free_pages: free pages of the guest when it last did
 * @last:       QEMU's counts when the last migration ended, or when they were shown last
 * @skipped:    bytes that the last migration did not send
 * @stop_known: it has completed, so QEMU has measured the stop
 * @stop_ms:    how long the guest was stopped in it, milliseconds
 * @text:       text that was sent last
 * @sent_us:    when it was sent, monotonic microseconds
 */
struct metrics {
	int writer;
	char label[PROM_LABEL];
	u64 ended[OUTCOME_COUNT];
	u64 faulty;
	u64 mismatched;
	u64 offered;
	bool free_known;
	u64 free_pages;
	struct freehint_status last;
	u64 skipped;
	bool stop_known;
	u64 stop_ms;
	char text[METRICS_TEXT];
	u64 sent_us;
};

/**
 * struct metrics_view - the current state
 * @connected: QEMU answers
 * @attached: it does, and the shared memory is mapped
 * @incoming: it receives a migration
 * @refused:  something prevents hints, other than a guest that has not begun to run or has no
 *            module
 * @pressure: the agent is to watch memory pressure
 * @watched:  it does
 * @status:   QEMU's last answer, all zeros while it does not answer
 * @offers:   offers that the agent carried
 */
struct metrics_view {
	bool connected;
	bool attached;
	bool incoming;
	bool refused;
	bool pressure;
	bool watched;
	const struct freehint_status *status;
	const struct offer_stats *offers;
};

/**
 * metrics_init() - set all counters to 0
 * @metrics: filled
 * @path:    file that the writer writes, or NULL for none; its name without ".prom", and
 *           without systemd's escapes, becomes the label "vm"
 * @writer:  socket to the metrics writer, or -1; the caller owns it
 */
void metrics_init(struct metrics *metrics, const char *path, int writer);

/** metrics_count() - add the counts of a migration that ended */
void metrics_count(struct metrics *metrics, const struct migration_summary *sum);

/**
 * metrics_format() - write the whole text
 * @metrics: counts
 * @view:    current state
 * @text:    METRICS_TEXT bytes, filled
 *
 * Return: length of the text.
 */
size_t metrics_format(const struct metrics *metrics, const struct metrics_view *view,
		      char *text);

/**
 * metrics_send() - send the text to the writer if it has changed
 * @metrics: counters
 * @view:    current state
 * @now:     send it even if the last text was sent less than a second ago
 *
 * Never blocks: a slow writer misses a text, and after any other error the agent stops
 * sending.
 */
void metrics_send(struct metrics *metrics, const struct metrics_view *view, bool now);

/**
 * metrics_send_moved() - have the writer keep the numbers of the last migration
 * @metrics: counters
 *
 * For an agent that ends because its guest has moved away. Its QEMU may have ended with the
 * migration, before anybody scraped the numbers, so Prometheus reads them for some minutes,
 * and freehint top shows them for a day. There is nothing of an agent's state among them: no
 * alert comes for an agent that is gone. Without a migration that the agent has seen it does
 * nothing. Never blocks.
 */
void metrics_send_moved(struct metrics *metrics);

#endif /* FREEHINT_METRICS_H */
