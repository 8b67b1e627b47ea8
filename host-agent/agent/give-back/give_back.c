// SPDX-License-Identifier: GPL-2.0
/*
 * When the agent has QEMU ask the guest for its free memory.
 *
 *	--give-back	x-freehint-give-back is sent
 *	off		never; the agent carries the offers of a session that others began
 *	once, always	when the region was mapped, until QEMU accepts it
 *	pressure	mode "once", when the kernel reports that tasks wait for memory, and
 *			QEMU, which is queried then, reports mode "off"
 *
 * QEMU keeps the mode: it asks again after a migration or a reset, and whoever turns it off
 * meanwhile has the last word. Only a new mapping makes the agent send it again.
 */
#include "give_back.h"

#include <stdio.h>
#include <string.h>

#include "host-agent/agent/migration/stats.h"
#include "host-agent/common/clock.h"
#include "host-agent/common/log.h"
#include "include/freehint/qmp_names.h"

/* Delays after a refusal, microseconds: the guest may load its module late. */
#define BACKOFF_MIN_US		2000000ULL
#define BACKOFF_MAX_US		60000000ULL

/*
 * After the guest was asked because of pressure, it is left alone for so long. The kernel
 * reports pressure every two seconds while it lasts, and what the guest has used again
 * since the last time is not worth its page faults.
 */
#define PRESSURE_PAUSE_US	10000000ULL

void give_back_init(struct give_back *back, const struct conf *conf, struct qmp_client *qmp)
{
	memset(back, 0, sizeof(*back));
	back->conf = conf;
	back->qmp = qmp;
	back->backoff_us = BACKOFF_MIN_US;
}

void give_back_attach(struct give_back *back, const struct give_back_status *status)
{
	enum give_back_policy policy = back->conf->give_back;

	back->attached = true;
	if (policy == GIVE_BACK_POLICY_OFF)
		return;
	if (!status->known) {
		log_warn("this QEMU's extension cannot give memory back, update "
			 "freehint-qemu.so; hints are not affected");
		return;
	}
	back->backoff_us = BACKOFF_MIN_US;
	back->due_us = 0;
	/* A single pass must not replace mode always, which somebody else has set. */
	back->wanted = policy == GIVE_BACK_POLICY_ALWAYS ||
		       (policy == GIVE_BACK_POLICY_ONCE && status->mode != GIVE_BACK_ALWAYS);
}

void give_back_detach(struct give_back *back)
{
	back->attached = false;
	back->wanted = false;
	back->pressed = false;
	back->queried = false;
	back->summary = false;
}

void give_back_disconnect(struct give_back *back)
{
	give_back_detach(back);
	back->pending = false;
	back->refused[0] = '\0';
}

bool give_back_pressed(struct give_back *back)
{
	if (back->conf->give_back != GIVE_BACK_POLICY_PRESSURE || !back->attached ||
	    clock_us() < back->due_us)
		return false;
	back->pressed = true;
	return true;
}

void give_back_query_sent(struct give_back *back)
{
	back->queried = back->pressed;
}

void give_back_decide(struct give_back *back, const struct give_back_status *status)
{
	if (!back->queried)
		return;
	back->pressed = false;
	back->queried = false;
	back->wanted |= status->known && status->mode == GIVE_BACK_OFF;
}

bool give_back_is_due(const struct give_back *back)
{
	return back->wanted && !back->pending && clock_us() >= back->due_us;
}

static const char *mode_of(const struct give_back *back)
{
	return give_back_mode_names[back->conf->give_back == GIVE_BACK_POLICY_ALWAYS ?
				    GIVE_BACK_ALWAYS : GIVE_BACK_ONCE];
}

int give_back_send(struct give_back *back)
{
	int ret;

	if (!give_back_is_due(back))
		return 0;
	ret = qmp_client_send(back->qmp, QMP_GIVE_BACK, 0, -1,
			      "{\"" FREEHINT_ARG_MODE "\":\"%s\",\"" FREEHINT_ARG_LEAVE
			      "\":%llu}", mode_of(back),
			      (unsigned long long)back->conf->leave_mib);
	if (ret)
		return ret;
	back->wanted = false;
	back->pending = true;
	return 0;
}

static void retry_later(struct give_back *back)
{
	back->due_us = clock_us() + back->backoff_us;
	back->backoff_us *= 2;
	if (back->backoff_us > BACKOFF_MAX_US)
		back->backoff_us = BACKOFF_MAX_US;
	/* The kernel reports pressure again by itself. */
	back->wanted = back->attached && back->conf->give_back != GIVE_BACK_POLICY_PRESSURE;
}

static void handle_refusal(struct give_back *back, const char *desc)
{
	char reason[GIVE_BACK_TEXT];

	snprintf(reason, sizeof(reason), "%s", desc);
	retry_later(back);
	if (!strcmp(reason, back->refused))
		return;
	memcpy(back->refused, reason, sizeof(reason));
	log_warn("QEMU does not ask the guest for its memory: %s%s", desc,
		 back->wanted ? "; the agent tries again" : "");
}

void give_back_reply(struct give_back *back, const struct qmp_message *message)
{
	back->pending = false;
	if (message->kind == QMP_MESSAGE_ERROR) {
		handle_refusal(back, message->desc);
		return;
	}
	back->refused[0] = '\0';
	back->backoff_us = BACKOFF_MIN_US;
	if (back->conf->give_back == GIVE_BACK_POLICY_PRESSURE)
		back->due_us = clock_us() + PRESSURE_PAUSE_US;
	log_info("QEMU asks the guest for its free memory, mode %s, %llu MiB stay free",
		 mode_of(back), (unsigned long long)back->conf->leave_mib);
}

void give_back_yield(struct give_back *back, const struct give_back_status *status)
{
	if (back->conf->give_back == GIVE_BACK_POLICY_ONCE && status->mode == GIVE_BACK_ALWAYS)
		back->wanted = false;
}

void give_back_follow(struct give_back *back, const struct give_back_status *status)
{
	struct give_back_summary sum;

	if (status->asking && !status->drained) {
		if (!back->summary)
			back->before = status->bytes;
		back->summary = true;
		return;
	}
	/* Stopped by somebody before the guest was drained: there is nothing to sum up. */
	if (status->mode == GIVE_BACK_OFF && !status->drained)
		back->summary = false;
	if (!back->summary || !status->drained)
		return;
	back->summary = false;
	sum = (struct give_back_summary){
		.bytes = grown_by(status->bytes, back->before),
		.elapsed_us = status->elapsed_us,
		.resident = status->resident,
	};
	stats_print_give_back(&sum, back->conf->json);
}
