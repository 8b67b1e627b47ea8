// SPDX-License-Identifier: GPL-2.0
/*
 * Watches how a guest gives memory back, until it has no more.
 *
 * Nobody knows before how much a guest will give. So the bar shows how much of what was
 * resident at the start has been given back; it ends before its right end.
 */
#include "give_back_watch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../terminal/complain.h"
#include "../terminal/interrupts.h"
#include "../terminal/progress.h"
#include "host-agent/common/clock.h"
#include "host-agent/common/json_natural.h"
#include "include/freehint/qmp_names.h"

#define PERIOD_US	50000

/* If nothing was given back by then, the user is told what may be missing. */
#define STUCK_US	5000000ULL

/* The guest clears its hello for a moment when it changes. One refusal may be that moment. */
#define REFUSED_LOOKS	2

#define PARTS		3

static bool query(struct give_back_watch *watch, struct give_back_status *status, u64 *instance)
{
	json_t *answer = qmp_call_again(watch->call, FREEHINT_QMP_QUERY, NULL);

	if (!answer)
		return false;
	give_back_status_parse(status, answer);
	*instance = json_natural(answer, "instance");
	json_decref(answer);
	return true;
}

/* The counters of one QEMU never become smaller. */
static bool is_another(const struct give_back_watch *watch, const struct give_back_status *status)
{
	const struct give_back_status *last = &watch->now;

	return status->bytes < last->bytes || status->offers < last->offers;
}

/*
 * A QEMU that has given nothing yet is known by the instance only. This also changes when the guest
 * is reset, so it says something only if the connection was lost.
 */
static bool may_be_another(const struct give_back_watch *watch, u64 instance)
{
	return watch->call->renewed != watch->renewed && instance != watch->instance;
}

bool give_back_begin(struct give_back_watch *watch)
{
	if (!query(watch, &watch->before, &watch->instance))
		return false;
	watch->now = watch->before;
	watch->renewed = watch->call->renewed;
	return true;
}

bool give_back_look(struct give_back_watch *watch)
{
	struct give_back_status status;
	u64 instance;

	if (watch->replaced)
		return false;
	if (!query(watch, &status, &instance)) {
		/* The one before had the extension. */
		watch->replaced = watch->call->absent;
		return false;
	}
	watch->replaced = is_another(watch, &status);
	watch->maybe_reset = !watch->replaced && may_be_another(watch, instance);
	watch->replaced |= watch->maybe_reset;
	if (watch->replaced)
		return false;
	watch->now = status;
	watch->instance = instance;
	watch->renewed = watch->call->renewed;
	return true;
}

static double given(const struct give_back_watch *watch)
{
	return (double)watch->now.bytes - (double)watch->before.bytes;
}

static void show(const struct give_back_watch *watch)
{
	const struct give_back_status *now = &watch->now;
	char part[PARTS][PROGRESS_PART];
	const struct progress progress = {
		.head = now->asking ? "giving back" : "paused",
		.part = part,
		.parts = PARTS,
		.done = watch->before.resident ? given(watch) / (double)watch->before.resident
					       : 0,
	};

	snprintf(part[0], PROGRESS_PART, "%.0f MB given back", given(watch) / 1e6);
	snprintf(part[1], PROGRESS_PART, "%.0f MB resident", (double)now->resident / 1e6);
	snprintf(part[2], PROGRESS_PART, "%llu offers",
		 (unsigned long long)(now->offers - watch->before.offers));
	progress_print(&progress);
}

/* A guest without its module, for example in a reboot, is asked again when the module is back. */
static bool is_absent(const struct give_back_status *status)
{
	return !status->guest[0];
}

static void explain_pause(struct give_back_watch *watch)
{
	const struct give_back_status *now = &watch->now;
	const char *why = now->refused[0] ? now->refused : now->paused;

	/* After any other refusal QEMU does not go on by itself. */
	if ((now->refused[0] && !is_absent(now)) || !strcmp(watch->paused, why))
		return;
	memcpy(watch->paused, why, sizeof(watch->paused));
	if (watch->paused[0])
		complain("paused: %s; it goes on by itself, Ctrl-C stops it",
			 watch->paused);
}

static void explain_silence(struct give_back_watch *watch)
{
	const struct give_back_status *now = &watch->now;

	if (watch->explained || !now->asking || now->offers != watch->before.offers ||
	    clock_us() - watch->since_us < STUCK_US)
		return;
	watch->explained = true;
	if (now->guest_offers)
		complain("the guest has made %llu offers and none reached QEMU: does "
			 "freehint-agent run beside it?",
			 (unsigned long long)now->guest_offers);
	else
		complain("the guest has offered nothing for 5 s: is freehint.ko loaded "
			 "there, and has it free blocks of 2^%llu pages?",
			 (unsigned long long)now->order);
}

static bool is_refused(struct give_back_watch *watch)
{
	bool refused = watch->now.refused[0] && !is_absent(&watch->now);

	watch->refusals = refused ? watch->refusals + 1 : 0;
	return watch->refusals >= REFUSED_LOOKS;
}

enum give_back_end give_back_watch(struct give_back_watch *watch)
{
	enum give_back_end end = GIVE_BACK_LOST;

	watch->since_us = clock_us();
	while (give_back_look(watch)) {
		end = GIVE_BACK_DRAINED;
		if (watch->now.drained)
			break;
		end = GIVE_BACK_STOPPED;
		if (watch->now.mode == GIVE_BACK_OFF)
			break;
		end = GIVE_BACK_INTERRUPTED;
		if (interrupts_any())
			break;
		end = GIVE_BACK_REFUSED;
		if (is_refused(watch))
			break;
		end = GIVE_BACK_LOST;
		explain_pause(watch);
		explain_silence(watch);
		if (!watch->quiet)
			show(watch);
		usleep(PERIOD_US);
	}
	progress_end();
	if (watch->replaced)
		end = GIVE_BACK_REPLACED;
	return end;
}
