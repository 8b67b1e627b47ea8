// SPDX-License-Identifier: GPL-2.0
/*
 * What x-query-freehint reports about giving memory back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../include/freehint/shm_layout.h"
#include "../core/bar.h"
#include "../give-back/give_back_session.h"
#include "../give-back/offer.h"
#include "give_back_query.h"

/* KiB, if the line has this key, else 0. */
static int64_t kib_of(const char *line, const char *key)
{
	size_t len = strlen(key);

	return strncmp(line, key, len) ? 0 : strtoll(line + len, NULL, 10);
}

/*
 * Resident bytes of this process; 0: unknown. The kernel does not count hugetlb pages in
 * VmRSS. Not from statm: of /proc, libvirt's AppArmor profile lets QEMU read status and little
 * else.
 */
static int64_t resident(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	int64_t kib = 0;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		kib += kib_of(line, "VmRSS:") + kib_of(line, "HugetlbPages:");
	fclose(file);
	return kib * 1024;
}

static void put_state(QDict *dict, const struct give_back_view *view)
{
	qemu.qdict_put_str(dict, "mode", give_back_mode_name(view->params.mode));
	qemu.qdict_put_bool(dict, "asking", view->asking);
	if (view->paused)
		qemu.qdict_put_str(dict, "paused", view->paused);
	if (view->refused)
		qemu.qdict_put_str(dict, "refused", view->refused);
	qemu.qdict_put_int(dict, "order", view->params.order);
	qemu.qdict_put_int(dict, "leave", (int64_t)view->params.leave);
	qemu.qdict_put_bool(dict, "drained", view->drained);
	qemu.qdict_put_int(dict, "elapsed-us", (int64_t)view->elapsed_us);
}

static void put_declines(QDict *dict, const u64 *declined_by)
{
	static const char *const name[OFFER_DECLINE_REASONS] = {
#define DECLINE_NAME(reason, name) [reason] = (name),
		OFFER_DECLINES(DECLINE_NAME)
#undef DECLINE_NAME
	};
	enum offer_decline reason;

	for (reason = 0; reason < OFFER_DECLINE_REASONS; reason++)
		qemu.qdict_put_int(dict, name[reason], (int64_t)declined_by[reason]);
}

static void put_counters(QDict *dict, const struct offer_counters *counters)
{
	qemu.qdict_put_int(dict, "bytes", (int64_t)counters->bytes);
	qemu.qdict_put_int(dict, "bytes-kept", (int64_t)counters->kept_bytes);
	qemu.qdict_put_int(dict, "blocks", (int64_t)counters->blocks);
	qemu.qdict_put_int(dict, "offers", (int64_t)counters->offers);
	qemu.qdict_put_int(dict, "offers-done", (int64_t)counters->done);
	qemu.qdict_put_int(dict, "offers-declined", (int64_t)counters->declined);
	put_declines(dict, counters->declined_by);
	qemu.qdict_put_int(dict, "offers-stale", (int64_t)counters->stale);
	qemu.qdict_put_int(dict, "offers-early", (int64_t)counters->early);
	qemu.qdict_put_int(dict, "offers-closed", (int64_t)counters->closed);
	qemu.qdict_put_int(dict, "discard-us", (int64_t)counters->discard_us);
	qemu.qdict_put_int(dict, "hold-max-us", (int64_t)counters->hold_max_us);
	qemu.qdict_put_int(dict, "hold-cpu-max-us", (int64_t)counters->hold_cpu_max_us);
}

QDict *give_back_query(const char *inert, const char *refusal)
{
	struct give_back_view view = { .refused = inert };
	QDict *dict = qemu.qdict_new();

	if (!inert)
		give_back_look(&view);
	if (!inert && refusal && !bar_is_attached())
		view.refused = refusal;
	put_state(dict, &view);
	put_counters(dict, &offer_counters);
	qemu.qdict_put_int(dict, "resident", resident());
	/* The guest chose these numbers. QEMU's JSON integers are signed. */
	qemu.qdict_put_int(dict, "guest-offers", view.guest_offers & FREEHINT_ROUND_MAX);
	qemu.qdict_put_int(dict, "guest-withdrawn", view.guest_withdrawn & FREEHINT_ROUND_MAX);
	return dict;
}
