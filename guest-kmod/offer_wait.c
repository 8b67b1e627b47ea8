// SPDX-License-Identifier: GPL-2.0
/*
 * One offer of free blocks to the host: publishes it, and returns when the blocks are the
 * guest's again.
 *
 * Invariant: offer_wait() returns only when the host touches no block of the offer any
 * more and cannot take it any more. Its caller puts the blocks back into the allocator
 * then. proto/guest_offer.c shows why the withdrawal at the end decides this.
 */
#include <linux/device.h>
#include <linux/jiffies.h>

#include "idle_wait.h"
#include "offer_wait.h"

/* The host has this long to take an offer. */
#define TAKE_SECONDS	1

/* A host that has taken an offer for this long is worth a line in the log. */
#define LATE_SECONDS	10

/* Return: the answer when there is one, or when the guest wants its blocks back. */
static enum freehint_answer wait_for_answer(const struct offer_wait *wait, u64 sequence)
{
	unsigned long deadline = jiffies + TAKE_SECONDS * HZ;
	enum freehint_answer answer;
	unsigned int looks = 0;

	for (;;) {
		answer = freehint_offer_answer(&wait->pub, sequence);
		if (answer == FREEHINT_ANSWER_DONE || answer == FREEHINT_ANSWER_DECLINED)
			return answer;
		if (!wait->go_on(wait->data))
			return answer;
		if (answer == FREEHINT_ANSWER_NONE && time_after(jiffies, deadline))
			return answer;
		idle_wait(looks++);
	}
}

/* The offer is withdrawn, but the host was first. */
static enum freehint_answer wait_for_host(const struct offer_wait *wait, u64 sequence)
{
	unsigned long late = jiffies + LATE_SECONDS * HZ;
	enum freehint_answer answer;
	unsigned int looks = 0;
	bool said = false;

	for (;;) {
		answer = freehint_offer_answer(&wait->pub, sequence);
		if (answer != FREEHINT_ANSWER_TAKEN)
			return answer;
		if (!freehint_host_is_same(&wait->pub, &wait->asked))
			return FREEHINT_ANSWER_NONE;
		if (!said && time_after(jiffies, late)) {
			said = true;
			dev_warn_ratelimited(wait->dev,
					     "host has taken offer %llu and not answered for %u s, its blocks stay unused until it answers\n",
					     sequence, LATE_SECONDS);
		}
		idle_wait(looks++);
	}
}

enum freehint_answer offer_wait(struct offer_wait *wait, const u64 *block,
				unsigned int count)
{
	u64 sequence = wait->sequence++;
	enum freehint_answer answer, last;

	freehint_publish_offer(&wait->pub, sequence, wait->asked.session, block, count);
	answer = wait_for_answer(wait, sequence);
	/* Also after DONE: an agent that was started again may have it taken once more. */
	last = freehint_withdraw_offer(&wait->pub, sequence);
	if (last == FREEHINT_ANSWER_TAKEN)
		last = wait_for_host(wait, sequence);
	return answer == FREEHINT_ANSWER_DONE ? answer : last;
}
