// SPDX-License-Identifier: GPL-2.0
/*
 * Gives free memory back to the host while the host asks for it.
 *
 * The worker's thread looks for a session of the host's at each poll and starts a work
 * item when it begins or ends. So the thread answers rounds whatever the host does with an
 * offer. While no session is on, nothing is registered. give_back_session.c serves a session.
 *
 * session_pause.c ends the session while the guest sleeps or the device is reset.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "give_back_work.h"
#include "give_back_session.h"
#include "idle_wait.h"
#include "session_pause.h"

/**
 * struct give_back - the session and who serves it
 * @session: session
 * @queue:   of @work; unbound, since counting takes long and must not keep a CPU's other work
 *           items from running
 * @work:    serves the session
 * @pause:   why no session may run now
 * @seen:    session at the last poll; written by the polling thread alone
 */
struct give_back {
	struct give_back_session session;
	struct workqueue_struct *queue;
	struct delayed_work work;
	struct session_pause pause;
	u64 seen;
};

u32 give_back_status(const struct give_back *gb)
{
	u32 refusal = give_back_refusal_now();

	if (refusal != FREEHINT_GIVE_BACK_POSSIBLE)
		return refusal;
	return give_back_failure_now(&gb->session.failure);
}

/*
 * As struct page_reporter.more. Does not shorten a pause. The work item may run now, and is about
 * to return one; then it runs again for nothing.
 */
static void find_more(struct page_reporter *reporter)
{
	struct give_back *gb = container_of(reporter, struct give_back, session.reporter);

	queue_delayed_work(gb->queue, &gb->work, pace_wait(&gb->session.pace));
}

static void run_session(struct work_struct *work)
{
	struct give_back *gb = container_of(to_delayed_work(work), struct give_back, work);
	unsigned long delay;

	/* The one who paused it ends the session, after this work item. */
	if (session_is_paused(&gb->pause))
		return;
	delay = give_back_session_serve(&gb->session, READ_ONCE(gb->seen) != FREEHINT_NO_SESSION);
	if (delay != GIVE_BACK_SESSION_NEVER)
		queue_delayed_work(gb->queue, &gb->work, delay);
}

/*
 * As struct session_pause.stop. The session is paused, so each run of the work item that begins
 * now does nothing. One that runs stops at its next offer; report() may start one more until
 * it is unregistered.
 */
static void stop_session(struct session_pause *pause)
{
	struct give_back *gb = container_of(pause, struct give_back, pause);

	idle_cancel_delayed_work(&gb->work);
	give_back_session_end(&gb->session);
	idle_cancel_delayed_work(&gb->work);
}

/* As struct session_pause.resume. */
static void start_again(struct session_pause *pause)
{
	struct give_back *gb = container_of(pause, struct give_back, pause);

	mod_delayed_work(gb->queue, &gb->work, 0);
}

void give_back_pause(struct give_back *gb)
{
	session_pause_set(&gb->pause, PAUSE_DEVICE);
}

void give_back_resume(struct give_back *gb)
{
	session_pause_clear(&gb->pause, PAUSE_DEVICE);
}

bool give_back_poll(struct give_back *gb, const struct freehint_publisher *pub)
{
	struct freehint_give_back_ask now = { .session = FREEHINT_NO_SESSION };

	if (pub && !freehint_read_give_back_request(pub, &now))
		return gb->seen != FREEHINT_NO_SESSION;
	if (give_back_refusal_now() != FREEHINT_GIVE_BACK_POSSIBLE)
		now.session = FREEHINT_NO_SESSION;
	if (now.session != gb->seen) {
		WRITE_ONCE(gb->seen, now.session);
		mod_delayed_work(gb->queue, &gb->work, 0);
	}
	return now.session != FREEHINT_NO_SESSION;
}

struct give_back *give_back_create(struct device *dev, void *base, u64 size,
				   struct guest_stats *stats)
{
	struct give_back *gb;

	gb = kzalloc(sizeof(*gb), GFP_KERNEL);
	if (!gb)
		return ERR_PTR(-ENOMEM);
	/* Not freezable: session_pause.c ends the session before anything freezes. */
	gb->queue = alloc_workqueue("freehint", WQ_UNBOUND, 0);
	if (!gb->queue) {
		kfree(gb);
		return ERR_PTR(-ENOMEM);
	}
	gb->session.stats = stats;
	gb->session.pause = &gb->pause;
	gb->session.reporter.more = find_more;
	give_back_session_init(&gb->session, dev, base, size);
	INIT_DELAYED_WORK(&gb->work, run_session);
	gb->pause.stop = stop_session;
	gb->pause.resume = start_again;
	session_pause_start(&gb->pause);
	return gb;
}

void give_back_halt(struct give_back *gb)
{
	session_pause_stop(&gb->pause);
}

void give_back_destroy(struct give_back *gb)
{
	destroy_workqueue(gb->queue);
	kfree(gb);
}
