// SPDX-License-Identifier: GPL-2.0
/*
 * Formats the agent's state and counters as Prometheus text. Names follow the Prometheus
 * conventions: base units, and "_total" for values that only grow. A counter restarts at 0
 * when QEMU or the agent restarts.
 */
#include "metrics.h"

#include <string.h>
#include <sys/socket.h>

#include "host-agent/common/clock.h"
#include "host-agent/common/log.h"
#include "include/freehint/shm_layout.h"

/* An unchanged text is written again after this time: an old file shows a hung agent. */
#define METRICS_REPEAT_US	10000000ULL
/* A changed text is written no more often than this: scrapes are hardly more frequent. */
#define METRICS_PAUSE_US	1000000ULL

static void put_state(struct prometheus_text *out, const struct metrics_view *view)
{
	const struct freehint_status *status = view->status;

	prom_number(out, "connected", "gauge", "QEMU answers.", view->connected);
	prom_number(out, "attached", "gauge", "QEMU answers and its shared memory is mapped.",
		    view->attached);
	prom_number(out, "guest_present", "gauge", "The guest's module has published its hello.",
		    status->guest_present);
	prom_number(out, "reporting", "gauge", "Reporting is on.",
		    status->state != FREEHINT_STATE_OFF);
	prom_number(out, "incoming", "gauge", "QEMU receives a migration.", view->incoming);
	prom_number(out, "refused", "gauge", "Hints are refused; the log has the reason.",
		    view->refused);
	if (view->pressure)
		prom_number(out, "pressure_watched", "gauge",
			    "The kernel reports memory pressure to the agent.", view->watched);
}

static void put_qemu(struct prometheus_text *out, const struct freehint_status *status)
{
	if (status->guest_present)
		prom_number(out, "guest_memory_end_bytes", "gauge",
			    "Where the guest's memory ends, holes counted.",
			    status->guest_end << FREEHINT_PAGE_SHIFT);
	prom_number(out, "hinted_migrations_total", "counter",
		    "Migrations in which a round was opened.", status->migrations);
	prom_number(out, "rounds_total", "counter", "Rounds opened.", status->rounds);
	prom_number(out, "rounds_sealed_total", "counter", "Rounds the guest sealed.",
		    status->rounds_sealed);
	prom_number(out, "rounds_refused_total", "counter",
		    "Syncs without a round though reporting was on.", status->rounds_refused);
	prom_number(out, "commands_refused_total", "counter",
		    "Mark-clean commands that QEMU refused.", status->commands_refused);
	prom_number(out, "pages_accepted_total", "counter",
		    "Pages applied to the dirty bitmap in time.", status->pages_accepted);
	prom_number(out, "pages_late_total", "counter",
		    "Pages whose round ended before they were applied.", status->pages_late);
	prom_number(out, "pages_skipped_total", "counter",
		    "Pages that were dirty and were not sent.", status->pages_cleared);
	prom_number(out, "skipped_bytes_total", "counter", "Bytes that were dirty and were not sent.",
		    status->bytes_skipped);
	prom_seconds(out, "arm_seconds_total", "counter", "Time to arm the dirty log.",
		     status->arm_us);
	prom_seconds(out, "big_lock_seconds_total", "counter",
		     "Time with QEMU's big lock held.", status->bql_total_us);
	prom_seconds(out, "big_lock_longest_seconds", "gauge",
		     "Longest single hold of QEMU's big lock.", status->bql_max_us);
	/* Without a hint there is no such time: a zero would look like a quick one. */
	if (status->first_apply_us)
		prom_seconds(out, "first_hint_seconds", "gauge",
			     "Last migration: from the sync to the first hint applied.",
			     status->first_apply_us);
	prom_seconds(out, "first_wait_seconds", "gauge",
		     "Last migration: how long its first pass waited for hints.",
		     status->waited_us);
}

static void put_give_back(struct prometheus_text *out, const struct give_back_status *back)
{
	prom_number(out, "give_back_enabled", "gauge",
		    "QEMU was told to ask the guest for its free memory.",
		    back->mode != GIVE_BACK_OFF);
	prom_number(out, "give_back_asking", "gauge", "The guest is asked at the moment.",
		    back->asking);
	prom_number(out, "give_back_drained", "gauge", "The guest has nothing more to give.",
		    back->drained);
	prom_number(out, "give_back_refused", "gauge",
		    "Memory cannot be given back; freehint status has the reason.",
		    back->refused[0] != '\0');
	prom_number(out, "give_back_bytes_total", "counter", "Bytes given back to the host.",
		    back->bytes);
	prom_seconds(out, "give_back_discard_seconds_total", "counter",
		     "Time to discard what was given back.", back->discard_us);
	prom_seconds(out, "give_back_big_lock_longest_seconds", "gauge",
		     "Longest single hold of QEMU's big lock to discard.", back->hold_max_us);
	prom_number(out, "qemu_resident_bytes", "gauge", "Resident memory of QEMU.",
		    back->resident);
}

static void put_offers(struct prometheus_text *out, const char *result, u64 offers)
{
	prom_put(out, "freehint_give_back_offers_total{vm=\"%s\",result=\"%s\"} %llu\n",
		 out->label, result, (unsigned long long)offers);
}

/* The first three are QEMU's counts, the last two the agent's. */
static void put_results(struct prometheus_text *out, const struct metrics_view *view)
{
	const struct give_back_status *back = &view->status->give_back;

	prom_head(out, "give_back_offers_total", "counter",
		  "Offers of free memory by what became of them.");
	if (back->known) {
		put_offers(out, "done", back->offers_done);
		put_offers(out, "declined", back->offers_declined);
		put_offers(out, "stale", back->offers_stale);
	}
	put_offers(out, "refused", view->offers->refused);
	put_offers(out, "malformed", view->offers->malformed);
}

static void put_agent(struct prometheus_text *out, const struct metrics *metrics)
{
	prom_number(out, "rounds_faulty_total", "counter",
		    "Rounds dropped because of what the guest wrote.", metrics->faulty);
	prom_number(out, "seals_mismatched_total", "counter",
		    "Rounds dropped because the seal contradicts the bitmap.", metrics->mismatched);
	prom_number(out, "pages_offered_total", "counter", "Pages sent to QEMU as free.",
		    metrics->offered);
}

/*
 * Gauges of what is over: they stay until the next migration, or the end of the agent. A
 * migration without hints asks no guest, and one that is cancelled has no stop to measure.
 */
static void put_last(struct prometheus_text *out, const struct metrics *metrics)
{
	if (metrics->free_known)
		prom_number(out, "guest_free_bytes", "gauge",
			    "Free in the guest when its last migration asked.",
			    metrics->free_pages << FREEHINT_PAGE_SHIFT);
	prom_number(out, "last_migration_skipped_bytes", "gauge",
		    "Last migration: bytes that were dirty and were not sent.", metrics->skipped);
	if (metrics->stop_known)
		prom_seconds(out, "last_migration_stop_seconds", "gauge",
			     "Last migration: how long the guest was stopped.",
			     metrics->stop_ms * 1000);
}

static u64 migrations(const struct metrics *metrics)
{
	enum migration_outcome outcome;
	u64 sum = 0;

	for (outcome = 0; outcome < OUTCOME_COUNT; outcome++)
		sum += metrics->ended[outcome];
	return sum;
}

/* One metric, a line for each outcome; "unknown" counts ends that were not seen. */
static void put_outcomes(struct prometheus_text *out, const struct metrics *metrics)
{
	static const char name[] = "migrations_ended_total";
	enum migration_outcome outcome;

	prom_head(out, name, "counter", "Migrations that ended.");
	for (outcome = 0; outcome < OUTCOME_COUNT; outcome++)
		prom_put(out, "freehint_%s{vm=\"%s\",outcome=\"%s\"} %llu\n", name, out->label,
			 outcome == OUTCOME_NONE ? "unknown" : migration_outcome_names[outcome],
			 (unsigned long long)metrics->ended[outcome]);
}

size_t metrics_format(const struct metrics *metrics, const struct metrics_view *view,
		      char *text)
{
	struct prometheus_text out = { .to = text, .size = METRICS_TEXT, .label = metrics->label };

	text[0] = '\0';
	put_state(&out, view);
	/* No answer, no counters: zeros would look like a restart of QEMU. */
	if (view->status->instance)
		put_qemu(&out, view->status);
	if (view->status->give_back.known)
		put_give_back(&out, &view->status->give_back);
	put_results(&out, view);
	put_agent(&out, metrics);
	put_outcomes(&out, metrics);
	if (migrations(metrics))
		put_last(&out, metrics);
	return out.len;
}

void metrics_init(struct metrics *metrics, const char *path, int writer)
{
	memset(metrics, 0, sizeof(*metrics));
	metrics->writer = path ? writer : -1;
	if (path)
		prom_make_label(metrics->label, path);
}

/* A round that the guest declined or cut short has no count of all free pages. */
static void take_free(struct metrics *metrics, const struct agent_stats *stats)
{
	if (stats->sealed <= stats->declined + stats->aborted)
		return;
	metrics->free_known = true;
	metrics->free_pages = stats->free_pages;
}

void metrics_count(struct metrics *metrics, const struct migration_summary *sum)
{
	metrics->ended[sum->outcome]++;
	metrics->faulty += sum->agent->faulty;
	metrics->mismatched += sum->agent->mismatched;
	metrics->offered += sum->agent->pages_offered;
	take_free(metrics, sum->agent);
	metrics->last = *sum->after;
	metrics->skipped = grown_by(sum->after->bytes_skipped, sum->before->bytes_skipped);
	metrics->stop_known = sum->outcome == OUTCOME_COMPLETED;
	metrics->stop_ms = sum->stop_ms;
}

/* sendmsg() and not send(), because the sandbox allows sendmsg(). */
static void send_text(struct metrics *metrics, const char *text, size_t len)
{
	struct iovec vec = { .iov_base = (void *)text, .iov_len = len };
	const struct msghdr message = { .msg_iov = &vec, .msg_iovlen = 1 };

	if (sendmsg(metrics->writer, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
		memcpy(metrics->text, text, len + 1);
		metrics->sent_us = clock_us();
	} else if (errno != EAGAIN && errno != EINTR) {
		log_error("metrics are not written any more, start the agent again: %s", strerror(errno));
		metrics->writer = -1;
	}
}

void metrics_send(struct metrics *metrics, const struct metrics_view *view, bool now)
{
	u64 age = clock_us() - metrics->sent_us;
	char text[METRICS_TEXT];
	size_t len;

	if (metrics->writer < 0 || (!now && metrics->sent_us && age < METRICS_PAUSE_US))
		return;
	len = metrics_format(metrics, view, text);
	/*
	 * The last text must not have smaller counts than this one: Prometheus would take them for
	 * a restart, and add all of them again.
	 */
	if (view->status->instance)
		metrics->last = *view->status;
	if (age >= METRICS_REPEAT_US || strcmp(text, metrics->text) != 0)
		send_text(metrics, text, len);
}

void metrics_send_moved(struct metrics *metrics)
{
	char text[METRICS_TEXT] = "";
	struct prometheus_text out = { .to = text, .size = METRICS_TEXT, .label = metrics->label };

	if (metrics->writer < 0 || !migrations(metrics))
		return;
	prom_put(&out, "%s", METRICS_MOVED);
	if (metrics->last.instance)
		put_qemu(&out, &metrics->last);
	put_agent(&out, metrics);
	put_outcomes(&out, metrics);
	put_last(&out, metrics);
	send_text(metrics, text, out.len);
}
