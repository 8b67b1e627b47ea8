// SPDX-License-Identifier: GPL-2.0
/*
 * Formats the agent's state and counters as Prometheus text. Names follow the Prometheus
 * conventions: base units, and "_total" for values that only grow. A counter restarts at 0
 * when QEMU or the agent restarts.
 */
#include "metrics.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "host-agent/common/clock.h"
#include "host-agent/common/instance_name.h"
#include "host-agent/common/log.h"
#include "host-agent/common/moved_metrics.h"
#include "include/freehint/shm_layout.h"

/* An unchanged text is written again after this time: an old file shows a hung agent. */
#define METRICS_REPEAT_US	10000000ULL
/* A changed text is written no more often than this: scrapes are hardly more frequent. */
#define METRICS_PAUSE_US	1000000ULL

/**
 * struct page - the text being written
 * @to:    buffer of METRICS_TEXT bytes
 * @len:   bytes in use; text that does not fit is left out as a whole
 * @label: value of the label "vm" of every line
 */
struct page {
	char *to;
	size_t len;
	const char *label;
};

__attribute__((format(printf, 2, 3)))
static void put(struct page *page, const char *format, ...)
{
	size_t room = METRICS_TEXT - page->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(page->to + page->len, room, format, args);
	va_end(args);
	if (len > 0 && (size_t)len < room)
		page->len += (size_t)len;
	else
		page->to[page->len] = '\0';
}

static void put_head(struct page *page, const char *name, const char *type, const char *help)
{
	put(page, "# HELP freehint_%s %s\n# TYPE freehint_%s %s\n", name, help, name, type);
}

static void put_metric(struct page *page, const char *name, const char *type,
		       const char *help, const char *value)
{
	put_head(page, name, type, help);
	put(page, "freehint_%s{vm=\"%s\"} %s\n", name, page->label, value);
}

static void put_number(struct page *page, const char *name, const char *type,
		       const char *help, u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put_metric(page, name, type, help, text);
}

static void put_seconds(struct page *page, const char *name, const char *type,
			const char *help, u64 us)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu.%06llu", (unsigned long long)(us / 1000000),
		 (unsigned long long)(us % 1000000));
	put_metric(page, name, type, help, text);
}

static void put_state(struct page *page, const struct metrics_view *view)
{
	const struct freehint_status *status = view->status;

	put_number(page, "connected", "gauge", "QEMU answers.", view->connected);
	put_number(page, "attached", "gauge", "QEMU answers and its shared memory is mapped.",
		   view->attached);
	put_number(page, "guest_present", "gauge", "The guest's module has published its hello.",
		   status->guest_present);
	put_number(page, "reporting", "gauge", "Reporting is on.",
		   status->state != FREEHINT_STATE_OFF);
	put_number(page, "incoming", "gauge", "QEMU receives a migration.", view->incoming);
	put_number(page, "refused", "gauge", "Hints are refused; the log has the reason.",
		   view->refused);
	if (view->pressure)
		put_number(page, "pressure_watched", "gauge",
			   "The kernel reports memory pressure to the agent.", view->watched);
}

static void put_qemu(struct page *page, const struct freehint_status *status)
{
	if (status->guest_present)
		put_number(page, "guest_memory_end_bytes", "gauge",
			   "Where the guest's memory ends, holes counted.",
			   status->guest_end << FREEHINT_PAGE_SHIFT);
	put_number(page, "hinted_migrations_total", "counter",
		   "Migrations in which a round was opened.", status->migrations);
	put_number(page, "rounds_total", "counter", "Rounds opened.", status->rounds);
	put_number(page, "rounds_sealed_total", "counter", "Rounds the guest sealed.",
		   status->rounds_sealed);
	put_number(page, "rounds_refused_total", "counter",
		   "Syncs without a round though reporting was on.", status->rounds_refused);
	put_number(page, "commands_refused_total", "counter",
		   "Mark-clean commands that QEMU refused.", status->commands_refused);
	put_number(page, "pages_accepted_total", "counter",
		   "Pages applied to the dirty bitmap in time.", status->pages_accepted);
	put_number(page, "pages_late_total", "counter",
		   "Pages whose round ended before they were applied.", status->pages_late);
	put_number(page, "pages_skipped_total", "counter",
		   "Pages that were dirty and were not sent.", status->pages_cleared);
	put_number(page, "skipped_bytes_total", "counter", "Bytes that were dirty and were not sent.",
		   status->bytes_skipped);
	put_seconds(page, "arm_seconds_total", "counter", "Time to arm the dirty log.",
		    status->arm_us);
	put_seconds(page, "big_lock_seconds_total", "counter",
		    "Time with QEMU's big lock held.", status->bql_total_us);
	put_seconds(page, "big_lock_longest_seconds", "gauge",
		    "Longest single hold of QEMU's big lock.", status->bql_max_us);
	/* Without a hint there is no such time: a zero would look like a quick one. */
	if (status->first_apply_us)
		put_seconds(page, "first_hint_seconds", "gauge",
			    "Last migration: from the sync to the first hint applied.",
			    status->first_apply_us);
	put_seconds(page, "first_wait_seconds", "gauge",
		    "Last migration: how long its first pass waited for hints.",
		    status->waited_us);
}

static void put_give_back(struct page *page, const struct give_back_status *back)
{
	put_number(page, "give_back_enabled", "gauge",
		   "QEMU was told to ask the guest for its free memory.",
		   back->mode != GIVE_BACK_OFF);
	put_number(page, "give_back_asking", "gauge", "The guest is asked at the moment.",
		   back->asking);
	put_number(page, "give_back_drained", "gauge", "The guest has nothing more to give.",
		   back->drained);
	put_number(page, "give_back_refused", "gauge",
		   "Memory cannot be given back; freehint status has the reason.",
		   back->refused[0] != '\0');
	put_number(page, "give_back_bytes_total", "counter", "Bytes given back to the host.",
		   back->bytes);
	put_seconds(page, "give_back_discard_seconds_total", "counter",
		    "Time to discard what was given back.", back->discard_us);
	put_seconds(page, "give_back_big_lock_longest_seconds", "gauge",
		    "Longest single hold of QEMU's big lock to discard.", back->hold_max_us);
	put_number(page, "qemu_resident_bytes", "gauge", "Resident memory of QEMU.",
		   back->resident);
}

static void put_offers(struct page *page, const char *result, u64 offers)
{
	put(page, "freehint_give_back_offers_total{vm=\"%s\",result=\"%s\"} %llu\n",
	    page->label, result, (unsigned long long)offers);
}

/* The first three are QEMU's counts, the last two the agent's. */
static void put_results(struct page *page, const struct metrics_view *view)
{
	const struct give_back_status *back = &view->status->give_back;

	put_head(page, "give_back_offers_total", "counter",
		 "Offers of free memory by what became of them.");
	if (back->known) {
		put_offers(page, "done", back->offers_done);
		put_offers(page, "declined", back->offers_declined);
		put_offers(page, "stale", back->offers_stale);
	}
	put_offers(page, "refused", view->offers->refused);
	put_offers(page, "malformed", view->offers->malformed);
}

static void put_agent(struct page *page, const struct metrics *metrics)
{
	put_number(page, "rounds_faulty_total", "counter",
		   "Rounds dropped because of what the guest wrote.", metrics->faulty);
	put_number(page, "seals_mismatched_total", "counter",
		   "Rounds dropped because the seal contradicts the bitmap.", metrics->mismatched);
	put_number(page, "pages_offered_total", "counter", "Pages sent to QEMU as free.",
		   metrics->offered);
}

/*
 * Gauges of what is over: they stay until the next migration, or the end of the agent. A
 * migration without hints asks no guest, and one that is cancelled has no stop to measure.
 */
static void put_last(struct page *page, const struct metrics *metrics)
{
	if (metrics->free_known)
		put_number(page, "guest_free_bytes", "gauge",
			   "Free in the guest when its last migration asked.",
			   metrics->free_pages << FREEHINT_PAGE_SHIFT);
	put_number(page, "last_migration_skipped_bytes", "gauge",
		   "Last migration: bytes that were dirty and were not sent.", metrics->skipped);
	if (metrics->stop_known)
		put_seconds(page, "last_migration_stop_seconds", "gauge",
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
static void put_outcomes(struct page *page, const struct metrics *metrics)
{
	static const char name[] = "migrations_ended_total";
	enum migration_outcome outcome;

	put_head(page, name, "counter", "Migrations that ended.");
	for (outcome = 0; outcome < OUTCOME_COUNT; outcome++)
		put(page, "freehint_%s{vm=\"%s\",outcome=\"%s\"} %llu\n", name, page->label,
		    outcome == OUTCOME_NONE ? "unknown" : migration_outcome_names[outcome],
		    (unsigned long long)metrics->ended[outcome]);
}

size_t metrics_format(const struct metrics *metrics, const struct metrics_view *view,
		      char *text)
{
	struct page page = { .to = text, .label = metrics->label };

	text[0] = '\0';
	put_state(&page, view);
	/* No answer, no counters: zeros would look like a restart of QEMU. */
	if (view->status->instance)
		put_qemu(&page, view->status);
	if (view->status->give_back.known)
		put_give_back(&page, &view->status->give_back);
	put_results(&page, view);
	put_agent(&page, metrics);
	put_outcomes(&page, metrics);
	if (migrations(metrics))
		put_last(&page, metrics);
	return page.len;
}

/* jansson takes UTF-8 only. Not a zero byte either: the text that is written would end there. */
static bool is_label(const char *name, size_t len)
{
	json_t *text = json_stringn(name, len);
	bool good = text && !memchr(name, '\0', len);

	json_decref(text);
	return good;
}

static void escape_label(char *label, const char *name, size_t len)
{
	size_t at, used = 0;

	for (at = 0; at < len; at++) {
		if (name[at] == '"' || name[at] == '\\' || name[at] == '\n')
			label[used++] = '\\';
		label[used++] = name[at] == '\n' ? 'n' : name[at];
	}
	label[used] = '\0';
}

/*
 * The collector drops a whole file because of one bad byte. A name that cannot be a label stays as
 * systemd has escaped it. So two machines never get the same label.
 */
static void make_label(char *label, const char *path)
{
	const char *name = strrchr(path, '/');
	char plain[METRICS_NAME];
	size_t len, at, used;

	name = name ? name + 1 : path;
	len = name_before(name, METRICS_SUFFIX);
	len = len ? len : strlen(name);
	len = len > sizeof(plain) ? sizeof(plain) : len;
	used = instance_name_plain(plain, name, len);
	if (!is_label(plain, used)) {
		used = len;
		memcpy(plain, name, len);
	}
	/* Not from systemd, whose names are ASCII. */
	if (!is_label(plain, used))
		for (at = 0; at < used; at++)
			plain[at] = plain[at] & 0x80 ? '?' : plain[at];
	escape_label(label, plain, used);
}

void metrics_init(struct metrics *metrics, const char *path, int writer)
{
	memset(metrics, 0, sizeof(*metrics));
	metrics->writer = path ? writer : -1;
	if (path)
		make_label(metrics->label, path);
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
	struct page page = { .to = text, .label = metrics->label };

	if (metrics->writer < 0 || !migrations(metrics))
		return;
	put(&page, "%s", METRICS_MOVED);
	if (metrics->last.instance)
		put_qemu(&page, &metrics->last);
	put_agent(&page, metrics);
	put_outcomes(&page, metrics);
	put_last(&page, metrics);
	send_text(metrics, text, page.len);
}
