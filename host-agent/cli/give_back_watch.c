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

#include "host-agent/common/clock.h"
#include "include/freehint/qmp_names.h"
#include "interrupts.h"
#include "progress.h"

#define PERIOD_US	50000

/* If nothing was given back by then, the user is told what may be missing. */
#define STUCK_US	5000000ULL

/* The guest publishes its hello again when it changes: one look may fall between. */
#define REFUSED_LOOKS	2

#define PARTS		3

bool give_back_query(struct qmp_call *call, struct give_back_status *status)
{
	json_t *answer = qmp_call_again(call, FREEHINT_QMP_QUERY, NULL);

	if (!answer)
		return false;
	give_back_status_parse(status, answer);
	json_decref(answer);
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
		progress_message("paused: %s; it goes on by itself, Ctrl-C stops it",
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
		progress_message("the guest has made %llu offers and none reached QEMU: does "
				 "freehint-agent run beside it?",
				 (unsigned long long)now->guest_offers);
	else
		progress_message("the guest has offered nothing for 5 s: is freehint.ko loaded "
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
	while (give_back_query(watch->call, &watch->now)) {
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
	return end;
}
