// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the summary of a migration and the event lines on stdout.
 */
#include "stats.h"

#include <jansson.h>
#include <stdio.h>

#include "include/freehint/shm_layout.h"
#include "host-agent/common/log.h"

#define STATS_LINE	1024

/* The unit of freehint status and freehint top. */
#define MB		1e6

/**
 * struct deltas - what QEMU counted in this migration
 * @accepted: pages
 * @late:     pages
 * @bytes:    bytes not sent
 */
struct deltas {
	u64 accepted;
	u64 late;
	u64 bytes;
};

static struct deltas subtract(const struct freehint_status *before,
			      const struct freehint_status *after)
{
	return (struct deltas){
		.accepted = grown_by(after->pages_accepted, before->pages_accepted),
		.late = grown_by(after->pages_late, before->pages_late),
		.bytes = grown_by(after->bytes_skipped, before->bytes_skipped),
	};
}

static void print_object(json_t *object)
{
	char line[STATS_LINE];
	size_t len;

	if (!object) {
		log_warn("no memory for a JSON line, it is left out");
		return;
	}
	len = json_dumpb(object, line, sizeof(line) - 1, JSON_COMPACT);
	if (len && len < sizeof(line)) {
		line[len++] = '\n';
		log_output(line, len);
	}
	json_decref(object);
}

static void print_json(const struct migration_summary *sum, const struct deltas *qemu)
{
	const struct agent_stats *agent = sum->agent;

	print_object(json_pack(
		"{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
		" s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"event", "summary",
		"outcome", migration_outcome_names[sum->outcome],
		"total-ms", (json_int_t)sum->total_ms,
		"rounds", (json_int_t)agent->rounds,
		"rounds-sealed", (json_int_t)agent->sealed,
		"rounds-declined", (json_int_t)agent->declined,
		"rounds-aborted", (json_int_t)agent->aborted,
		"rounds-superseded", (json_int_t)agent->superseded,
		"rounds-faulty", (json_int_t)agent->faulty,
		"seals-mismatched", (json_int_t)agent->mismatched,
		"commands", (json_int_t)agent->batches,
		"commands-late", (json_int_t)agent->refused_late,
		"commands-refused", (json_int_t)agent->refused_other,
		"ranges", (json_int_t)agent->ranges,
		"pages-offered", (json_int_t)agent->pages_offered,
		"pages-accepted", (json_int_t)qemu->accepted,
		"pages-late", (json_int_t)qemu->late,
		"bytes-skipped", (json_int_t)qemu->bytes,
		"first-apply-us", (json_int_t)sum->after->first_apply_us,
		"waited-us", (json_int_t)sum->after->waited_us));
}

/* What is known of the first hint. */
static const char *first_hint(const struct migration_summary *sum, const struct deltas *qemu,
			      char *text, size_t size)
{
	if (qemu->accepted && !sum->after->first_apply_us)
		/* Of a migration before this one, which ended between two looks. */
		snprintf(text, size, "first hint not timed");
	else if (qemu->accepted)
		snprintf(text, size, "first hint applied after %.1f ms",
			 (double)sum->after->first_apply_us / 1000);
	else
		snprintf(text, size, "no hint applied");
	return text;
}

static void print_text(const struct migration_summary *sum, const struct deltas *qemu)
{
	const struct agent_stats *agent = sum->agent;
	char line[STATS_LINE], first[64];
	int len;

	len = snprintf(line, sizeof(line),
		       "migration %s: %llu rounds (%llu sealed, %llu dropped), "
		       "pages %llu offered, %llu accepted, %llu late, "
		       "%llu commands refused, %.1f MB kept off the wire, %s, "
		       "total %.3f s\n",
		       migration_outcome_names[sum->outcome],
		       (unsigned long long)agent->rounds,
		       (unsigned long long)agent->sealed,
		       (unsigned long long)agent->faulty,
		       (unsigned long long)agent->pages_offered,
		       (unsigned long long)qemu->accepted,
		       (unsigned long long)qemu->late,
		       (unsigned long long)(agent->refused_late + agent->refused_other),
		       (double)qemu->bytes / MB,
		       first_hint(sum, qemu, first, sizeof(first)),
		       (double)sum->total_ms / 1000);
	if (len > 0 && (size_t)len < sizeof(line))
		log_output(line, (size_t)len);
}

void stats_print_summary(const struct migration_summary *sum, bool json)
{
	struct deltas qemu = subtract(sum->before, sum->after);

	if (json)
		print_json(sum, &qemu);
	else
		print_text(sum, &qemu);
}

void stats_print_give_back(const struct give_back_summary *sum, bool json)
{
	char line[STATS_LINE];
	int len;

	if (json) {
		print_object(json_pack("{s:s, s:I, s:I, s:I}", "event", "give-back",
				       "bytes", (json_int_t)sum->bytes,
				       "elapsed-us", (json_int_t)sum->elapsed_us,
				       "resident", (json_int_t)sum->resident));
		return;
	}
	len = snprintf(line, sizeof(line),
		       "the guest gave back %.1f MB in %.3f s, %.1f MB of QEMU are resident\n",
		       (double)sum->bytes / MB, (double)sum->elapsed_us / 1e6,
		       (double)sum->resident / MB);
	if (len > 0 && (size_t)len < sizeof(line))
		log_output(line, (size_t)len);
}

void stats_print_event(const char *name, const char *key, const char *text)
{
	json_t *object = json_pack("{s:s}", "event", name);

	/* json_string() refuses text that is not UTF-8; the event is still printed without it. */
	if (object && key)
		json_object_set_new(object, key, json_string(text));
	print_object(object);
}
