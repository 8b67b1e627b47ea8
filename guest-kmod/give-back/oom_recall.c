// SPDX-License-Identifier: GPL-2.0
/*
 * Calls blocks back that are in an offer when the guest runs out of memory, before a program
 * is killed for it.
 *
 * The kernel isolates up to 32 blocks for one batch: 128 MiB, but 16 GiB with pages of
 * 64 KiB, which can be all free memory but one block. To the OOM killer it looks used.
 *
 * The kernel puts a batch back after report() has returned, so what is waited for is the end
 * of the pass and not of the offer. The wait is limited: a host that has taken an offer may
 * be stopped, and nobody else is to blame for that.
 */
#include <linux/jiffies.h>
#include <linux/oom.h>

#include "oom_recall.h"

/* A host that runs answers in a fraction of this. */
#define RECALL_TIMEOUT	(5 * HZ)

/* @data: where the OOM killer counts pages that were freed; if there are any, it kills nobody. */
static int recall_callback(struct notifier_block *nb, unsigned long unused, void *data)
{
	struct oom_recall *recall = container_of(nb, struct oom_recall, notifier);
	/* Whoever sees that a pass has ended sees that its blocks are back. */
	unsigned long passes = smp_load_acquire(&recall->passes);
	unsigned long held = smp_load_acquire(&recall->held);
	unsigned long *freed = data;

	if (!held)
		return NOTIFY_OK;
	WRITE_ONCE(recall->wanted, true);
	if (wait_event_timeout(recall->over, READ_ONCE(recall->passes) != passes, RECALL_TIMEOUT))
		*freed += held;
	return NOTIFY_OK;
}

void oom_recall_start(struct oom_recall *recall)
{
	init_waitqueue_head(&recall->over);
	recall->held = 0;
	recall->wanted = false;
	recall->notifier = (struct notifier_block){ .notifier_call = recall_callback };
	register_oom_notifier(&recall->notifier);
}

void oom_recall_stop(struct oom_recall *recall)
{
	unregister_oom_notifier(&recall->notifier);
}

void oom_recall_begin_pass(struct oom_recall *recall)
{
	WRITE_ONCE(recall->wanted, false);
}

void oom_recall_hold(struct oom_recall *recall, unsigned long pages)
{
	/* A notifier that sees @held sets @wanted after the pass has cleared it. */
	smp_store_release(&recall->held, pages);
}

bool oom_recall_end_pass(struct oom_recall *recall)
{
	WRITE_ONCE(recall->held, 0);
	smp_store_release(&recall->passes, recall->passes + 1);
	wake_up_all(&recall->over);
	return READ_ONCE(recall->wanted);
}

bool oom_recall_wanted(const struct oom_recall *recall)
{
	return READ_ONCE(recall->wanted);
}
