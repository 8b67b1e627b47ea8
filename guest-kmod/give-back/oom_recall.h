/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls blocks back that are in an offer when the guest runs out of memory, before a program
 * is killed for it.
 */
#ifndef FREEHINT_OOM_RECALL_H
#define FREEHINT_OOM_RECALL_H

#ifdef __KERNEL__
#include <linux/notifier.h>
#include <linux/wait.h>
#endif

/**
 * struct oom_recall - blocks that are out of the allocator, and whether they are wanted
 * @notifier: called before the OOM killer looks for a program
 * @over:     where it waits for the end of a pass
 * @passes:   passes that have ended
 * @held:     pages of the last batch handed over; stays until the pass ends; 0: no batch in
 *            this pass yet
 * @wanted:   the guest wants them back; until the next pass begins
 */
struct oom_recall {
	struct notifier_block notifier;
	wait_queue_head_t over;
	unsigned long passes;
	unsigned long held;
	bool wanted;
};

/** oom_recall_start() - may sleep; no pass runs */
void oom_recall_start(struct oom_recall *recall);

/** oom_recall_stop() - likewise; sleeps until the notifier does not run any more */
void oom_recall_stop(struct oom_recall *recall);

/** oom_recall_begin_pass() - nothing is out, and nothing is wanted */
void oom_recall_begin_pass(struct oom_recall *recall);

/** oom_recall_hold() - @pages of this kernel are out, until the pass ends */
void oom_recall_hold(struct oom_recall *recall, unsigned long pages);

/** oom_recall_end_pass() - all is in the allocator again; Return: as oom_recall_wanted() */
bool oom_recall_end_pass(struct oom_recall *recall);

/** oom_recall_wanted() - Return: true if the pass has to end as soon as it can */
bool oom_recall_wanted(const struct oom_recall *recall);

#endif /* FREEHINT_OOM_RECALL_H */
