// SPDX-License-Identifier: GPL-2.0
/*
 * Waits for the host, directly or for a work item that waits for it, in idle sleep.
 *
 * A host that is stopped while it holds an offer keeps the guest waiting as long as it
 * likes. Uninterruptible sleep would be reported by the hung-task detector after 120 s, and
 * a guest with hung_task_panic would panic.
 */
#include <linux/workqueue.h>

#include "../compat/compat.h"
#include "idle_wait.h"
#include "session_pause.h"

/* A host that runs answers within a millisecond. Later looks are rarer, to save CPU time. */
#define FAST_LOOKS	100U
#define FAST_US		50U
#define SLOW_US		500U
#define RARE_US		10000U

/* The end of a pass that has taken a tenth of a second is seen 10 to 20 ms late. */
#define PASS_LOOKS	(FAST_LOOKS + 200U)

void idle_wait(unsigned int looks, unsigned int many)
{
	unsigned int us = looks < FAST_LOOKS ? FAST_US : looks < many ? SLOW_US : RARE_US;

	compat_usleep_idle(us, 2 * us);
}

static bool runs(struct delayed_work *work)
{
	return work_busy(&work->work) & WORK_BUSY_RUNNING;
}

/* A work item is pending while it is in the queue, and also while its timer runs. */
static bool is_queued(struct delayed_work *work)
{
	return work_busy(&work->work) && !timer_pending(&work->timer);
}

void idle_flush_delayed_work(struct delayed_work *work, const struct session_pause *pause)
{
	unsigned int looks = 0;

	while (is_queued(work) || runs(work)) {
		/* Its queue may be frozen until the guest has slept, and the guest waits for us. */
		if (session_is_paused(pause))
			cancel_delayed_work(work);
		idle_wait(looks++, PASS_LOOKS);
	}
	/* work_busy() is a hint only. */
	flush_work(&work->work);
}

void idle_cancel_delayed_work(struct delayed_work *work)
{
	unsigned int looks = 0;

	cancel_delayed_work(work);
	while (runs(work))
		idle_wait(looks++, IDLE_WAIT_ANSWER);
	cancel_delayed_work_sync(work);
}
