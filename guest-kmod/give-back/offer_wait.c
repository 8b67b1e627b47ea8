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
#include <linux/pci.h>

#include "idle_wait.h"
#include "offer_wait.h"

/* The host has this long to take an offer. */
#define TAKE_SECONDS	1

/*
 * A host that has taken an offer for this long is worth a line in the log. One whose device
 * was unplugged has had the time to end what it had begun.
 */
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
		if (!wait->may_continue(wait->data))
			return answer;
		if (answer == FREEHINT_ANSWER_NONE && time_after(jiffies, deadline))
			return answer;
		idle_wait(looks++, answer == FREEHINT_ANSWER_NONE ? IDLE_WAIT_TAKER :
								    IDLE_WAIT_ANSWER);
	}
}

/*
 * error_state is pci_channel_io_perm_failure after a surprise removal, on every kernel. remove()
 * follows, and no host will answer.
 */
static bool is_unplugged(const struct offer_wait *wait)
{
	return to_pci_dev(wait->dev)->error_state == pci_channel_io_perm_failure &&
	       !freehint_device_answers(&wait->pub);
}

static void log_late(const struct offer_wait *wait, u64 sequence)
{
	if (freehint_device_answers(&wait->pub))
		dev_warn_ratelimited(wait->dev,
				     "host has taken offer %llu and not answered for %u s, its blocks stay unused until it answers; look at QEMU's log and x-query-freehint on the host\n",
				     sequence, LATE_SECONDS);
	else
		dev_warn_ratelimited(wait->dev,
				     "device decodes no memory for %u s, the blocks of offer %llu stay unused until it does; if it was switched off, set bit 1 of its PCI command register\n",
				     LATE_SECONDS, sequence);
}

/*
 * Withdraws the offer and waits while the host was first. The withdrawal is lost while the
 * device decodes no memory, so each look begins with another one.
 */
static enum freehint_answer take_back(struct offer_wait *wait, u64 sequence)
{
	unsigned long late = jiffies + LATE_SECONDS * HZ;
	enum freehint_answer answer;
	unsigned int looks = 0;
	bool said = false;

	for (;;) {
		answer = freehint_withdraw_offer(&wait->pub, sequence);
		if (answer != FREEHINT_ANSWER_TAKEN)
			return answer;
		if (!freehint_host_is_same(&wait->pub, &wait->asked))
			return FREEHINT_ANSWER_NONE;
		if (time_after(jiffies, late)) {
			if (is_unplugged(wait))
				return FREEHINT_ANSWER_NONE;
			if (!said)
				log_late(wait, sequence);
			said = true;
		}
		idle_wait(looks++, IDLE_WAIT_ANSWER);
	}
}

enum freehint_answer offer_wait(struct offer_wait *wait, const u64 *block,
				unsigned int count)
{
	u64 sequence = wait->sequence++;
	enum freehint_answer answer, last;

	if (!freehint_publish_offer(&wait->pub, sequence, wait->asked.session, block, count))
		return FREEHINT_ANSWER_NONE;
	answer = wait_for_answer(wait, sequence);
	/* Also after DONE: an agent that was started again may have it taken once more. */
	last = take_back(wait, sequence);
	return answer == FREEHINT_ANSWER_DONE ? answer : last;
}
