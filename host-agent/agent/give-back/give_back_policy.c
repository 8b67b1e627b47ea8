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
#include "give_back_policy.h"

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

void give_back_policy_init(struct give_back_policy *policy, const struct conf *conf,
			   struct qmp_client *qmp)
{
	memset(policy, 0, sizeof(*policy));
	policy->conf = conf;
	policy->qmp = qmp;
	policy->backoff_us = BACKOFF_MIN_US;
}

void give_back_policy_attach(struct give_back_policy *policy,
			     const struct give_back_status *status)
{
	enum give_back_choice choice = policy->conf->give_back;

	policy->attached = true;
	if (choice == GIVE_BACK_POLICY_OFF)
		return;
	if (!status->known) {
		log_warn("this QEMU's extension cannot give memory back, update "
			 "freehint-qemu.so; hints are not affected");
		return;
	}
	policy->backoff_us = BACKOFF_MIN_US;
	policy->due_us = 0;
	/* A single pass must not replace mode always, which somebody else has set. */
	policy->wanted = choice == GIVE_BACK_POLICY_ALWAYS ||
			 (choice == GIVE_BACK_POLICY_ONCE && status->mode != GIVE_BACK_ALWAYS);
}

void give_back_policy_detach(struct give_back_policy *policy)
{
	policy->attached = false;
	policy->wanted = false;
	policy->pressure_seen = false;
	policy->queried_since_pressure = false;
	policy->summary_due = false;
}

void give_back_policy_disconnect(struct give_back_policy *policy)
{
	give_back_policy_detach(policy);
	policy->pending = false;
	policy->refused[0] = '\0';
}

bool give_back_policy_pressed(struct give_back_policy *policy)
{
	if (policy->conf->give_back != GIVE_BACK_POLICY_PRESSURE || !policy->attached ||
	    clock_us() < policy->due_us)
		return false;
	policy->pressure_seen = true;
	return true;
}

void give_back_policy_query_sent(struct give_back_policy *policy)
{
	policy->queried_since_pressure = policy->pressure_seen;
}

bool give_back_policy_is_due(const struct give_back_policy *policy)
{
	return policy->wanted && !policy->pending && clock_us() >= policy->due_us;
}

static const char *mode_of(const struct give_back_policy *policy)
{
	return give_back_mode_names[policy->conf->give_back == GIVE_BACK_POLICY_ALWAYS ?
				    GIVE_BACK_ALWAYS : GIVE_BACK_ONCE];
}

int give_back_policy_send(struct give_back_policy *policy)
{
	int ret;

	if (!give_back_policy_is_due(policy))
		return 0;
	ret = qmp_client_send(policy->qmp, QMP_GIVE_BACK, 0, -1,
			      "{\"" FREEHINT_ARG_MODE "\":\"%s\",\"" FREEHINT_ARG_LEAVE
			      "\":%llu}", mode_of(policy),
			      (unsigned long long)policy->conf->leave_mib);
	if (ret)
		return ret;
	policy->wanted = false;
	policy->pending = true;
	return 0;
}

static void retry_later(struct give_back_policy *policy)
{
	policy->due_us = clock_us() + policy->backoff_us;
	policy->backoff_us *= 2;
	if (policy->backoff_us > BACKOFF_MAX_US)
		policy->backoff_us = BACKOFF_MAX_US;
	/* The kernel reports pressure again by itself. */
	policy->wanted = policy->attached && policy->conf->give_back != GIVE_BACK_POLICY_PRESSURE;
}

static void handle_refusal(struct give_back_policy *policy, const char *desc)
{
	char reason[GIVE_BACK_TEXT];

	snprintf(reason, sizeof(reason), "%s", desc);
	retry_later(policy);
	if (!strcmp(reason, policy->refused))
		return;
	memcpy(policy->refused, reason, sizeof(reason));
	log_warn("QEMU does not ask the guest for its memory: %s%s", desc,
		 policy->wanted ? "; the agent tries again" : "");
}

void give_back_policy_reply(struct give_back_policy *policy, const struct qmp_message *message)
{
	policy->pending = false;
	if (message->kind == QMP_MESSAGE_ERROR) {
		handle_refusal(policy, message->desc);
		return;
	}
	policy->refused[0] = '\0';
	policy->backoff_us = BACKOFF_MIN_US;
	if (policy->conf->give_back == GIVE_BACK_POLICY_PRESSURE)
		policy->due_us = clock_us() + PRESSURE_PAUSE_US;
	log_info("QEMU asks the guest for its free memory, mode %s, %llu MiB stay free",
		 mode_of(policy), (unsigned long long)policy->conf->leave_mib);
}

/* Whoever has asked already is not disturbed. */
static void want_for_pressure(struct give_back_policy *policy,
			      const struct give_back_status *status)
{
	if (!policy->queried_since_pressure)
		return;
	policy->pressure_seen = false;
	policy->queried_since_pressure = false;
	policy->wanted |= status->known && status->mode == GIVE_BACK_OFF;
}

/* A retry of once must not end what somebody else wants to last. */
static void leave_mode_always(struct give_back_policy *policy,
			      const struct give_back_status *status)
{
	if (policy->conf->give_back == GIVE_BACK_POLICY_ONCE &&
	    status->mode == GIVE_BACK_ALWAYS)
		policy->wanted = false;
}

/* Whoever made QEMU ask. */
static void print_when_drained(struct give_back_policy *policy,
			       const struct give_back_status *status)
{
	struct give_back_summary sum;

	if (status->asking && !status->drained) {
		if (!policy->summary_due)
			policy->bytes_at_begin = status->bytes;
		policy->summary_due = true;
		return;
	}
	/* Stopped by somebody before the guest was drained: there is nothing to sum up. */
	if (status->mode == GIVE_BACK_OFF && !status->drained)
		policy->summary_due = false;
	if (!policy->summary_due || !status->drained)
		return;
	policy->summary_due = false;
	sum = (struct give_back_summary){
		.bytes = grown_by(status->bytes, policy->bytes_at_begin),
		.elapsed_us = status->elapsed_us,
		.resident = status->resident,
	};
	stats_print_give_back(&sum, policy->conf->json);
}

void give_back_policy_update(struct give_back_policy *policy,
			     const struct give_back_status *status)
{
	want_for_pressure(policy, status);
	leave_mode_always(policy, status);
	print_when_drained(policy, status);
}
