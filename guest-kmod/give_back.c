// SPDX-License-Identifier: GPL-2.0
/*
 * Gives free memory back to the host while the host asks for it.
 *
 * The worker's thread looks for a session of the host's at each poll and starts a work
 * item when it begins or ends. The work item registers with page reporting, lets pass
 * follow pass until nothing more is found, and unregisters. So the thread answers rounds
 * whatever the host does with an offer. While no session is on, nothing is registered.
 *
 * After the last pass the kernel's own looks, 2 s after a block was freed, start the work
 * item again. From then on only memory that has stayed free is given back: a guest that
 * works uses most of what it frees again at once, and would pay a fault for each page.
 *
 * session_pause.c ends the session while the guest sleeps or the device is reset.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "give_back.h"
#include "give_back_refusal.h"
#include "guest_stats.h"
#include "idle_wait.h"
#include "offer_wait.h"
#include "pace.h"
#include "page_reporter.h"
#include "session_pause.h"

/* The other driver may be unloaded while the host asks. */
#define REGISTER_RETRY	(5 * HZ)

/* Nothing to do until the work item is started. */
#define NEVER		MAX_SCHEDULE_TIMEOUT

/**
 * enum pass_end - how a pass ended
 * @PASS_EMPTY:   nothing was found, or as much as the request permits is given back
 * @PASS_AGAIN:   blocks were given back, and there may be more; or the session ended
 * @PASS_REFUSED: the host did not take an offer, or declined it, or the guest ran out of memory
 */
enum pass_end {
	PASS_EMPTY,
	PASS_AGAIN,
	PASS_REFUSED,
};

/**
 * struct give_back - the session and what it needs
 * @stats:    counters for the administrator
 * @base:     mapped region
 * @size:     bytes mapped
 * @queue:    of @work; unbound, since counting takes long and must not keep a CPU's other work
 *            items from running
 * @work:     serves the session
 * @pause:    why no session may run now
 * @reporter: page reporting
 * @offer:    offers, and the request of the session
 * @salt:     random, new for each load of the module
 * @state:    counters of this session, or of the last one, for the host
 * @end:      how the pass is about to end; under @reporter.lock
 * @budget:   pages that the pass may give back; under @reporter.lock
 * @pace:     when the next pass may begin
 * @failure:  of the last registration
 * @seen:     session at the last poll; written by the polling thread alone
 */
struct give_back {
	struct guest_stats *stats;
	void *base;
	u64 size;
	struct workqueue_struct *queue;
	struct delayed_work work;
	struct session_pause pause;
	struct page_reporter reporter;
	struct offer_wait offer;
	u64 salt;
	struct freehint_give_back_state state;
	enum pass_end end;
	u64 budget;
	struct pace pace;
	struct give_back_failure failure;
	u64 seen;
};

u32 give_back_status(const struct give_back *gb)
{
	u32 refusal = give_back_refusal_now();

	return refusal == FREEHINT_GIVE_BACK_POSSIBLE ? give_back_failure_now(&gb->failure) :
							refusal;
}

static bool may_run(const struct give_back *gb)
{
	return !session_is_paused(&gb->pause) &&
	       give_back_refusal_now() == FREEHINT_GIVE_BACK_POSSIBLE;
}

/* Without a session @offer has no publisher. */
static bool session_goes_on(const struct give_back *gb)
{
	return gb->offer.asked.session != FREEHINT_NO_SESSION && may_run(gb) &&
	       freehint_reclaim_is_current(&gb->offer.pub, &gb->offer.asked);
}

/* Called while an offer waits for the host. */
static bool offer_may_stand(void *data)
{
	const struct give_back *gb = data;

	return session_goes_on(gb) && !oom_recall_wanted(&gb->reporter.recall);
}

static void publish_state(struct give_back *gb)
{
	guest_stats_set_give_back(gb->stats, &gb->state);
	freehint_publish_give_back(&gb->offer.pub, &gb->state);
}

/* As struct page_reporter.offer. */
static int offer_batch(struct page_reporter *reporter, unsigned int count, u64 pages)
{
	struct give_back *gb = container_of(reporter, struct give_back, reporter);
	enum freehint_answer answer;

	/* All or nothing: a part of a batch would be handed over again in the next pass. */
	if (pages > gb->budget) {
		gb->end = PASS_EMPTY;
		return -ENOSPC;
	}
	if (!session_goes_on(gb)) {
		gb->end = PASS_AGAIN;
		return -ECANCELED;
	}
	answer = offer_wait(&gb->offer, reporter->block, count);
	gb->state.offers++;
	gb->state.withdrawn += answer == FREEHINT_ANSWER_NONE;
	if (answer == FREEHINT_ANSWER_DONE) {
		gb->state.pages += pages;
		gb->budget -= pages;
		pace_given(&gb->pace, pages);
	}
	publish_state(gb);
	gb->end = answer == FREEHINT_ANSWER_DONE ? PASS_AGAIN : PASS_REFUSED;
	return gb->end == PASS_AGAIN ? 0 : -EAGAIN;
}

/* As struct page_reporter.more. Does not shorten a pause. */
static void find_more(struct page_reporter *reporter)
{
	struct give_back *gb = container_of(reporter, struct give_back, reporter);
	long rest = READ_ONCE(gb->pace.not_before) - jiffies;

	queue_delayed_work(gb->queue, &gb->work, max(rest, 0L));
}

static void end_session(struct give_back *gb)
{
	page_reporter_unregister(&gb->reporter);
	gb->offer.asked.session = FREEHINT_NO_SESSION;
}

/*
 * A reverted snapshot brings back the guest's counters and its random numbers, but not the
 * session: each host draws a new one. So the numbers of its offers are new, too, up from a
 * number below 2^61. A session that is begun again, after suspend, counts on.
 */
static void note_new_session(struct give_back *gb)
{
	u64 session = gb->offer.asked.session;

	gb->offer.sequence = hash_64(session ^ gb->salt, 61) + 1;
	gb->state = (struct freehint_give_back_state){ .session = session };
	guest_stats_add(gb->stats->sessions, 1);
}

/* Return: true if the host asks, and offers can be made for its request. */
static bool begin_session(struct give_back *gb)
{
	struct offer_wait *offer = &gb->offer;

	if (freehint_publisher_attach(&offer->pub, gb->base, gb->size))
		return false;
	/* Torn: the thread's next poll finds the new session and starts the work again. */
	if (!freehint_read_reclaim(&offer->pub, &offer->asked))
		offer->asked.session = FREEHINT_NO_SESSION;
	if (offer->asked.session == FREEHINT_NO_SESSION)
		return false;
	pace_begin(&gb->pace);
	if (gb->state.session != offer->asked.session)
		note_new_session(gb);
	publish_state(gb);
	return true;
}

static int register_reporter(struct give_back *gb)
{
	const struct freehint_reclaim *asked = &gb->offer.asked;
	int ret;

	ret = page_reporter_register(&gb->reporter, asked->order);
	give_back_failure_note(&gb->failure, gb->offer.dev, ret);
	if (!ret)
		dev_info_ratelimited(gb->offer.dev,
				     "host asks for free memory, blocks of order %u and more, %llu pages stay\n",
				     asked->order, asked->leave);
	return ret;
}

/* All that was free is given back. */
static void note_drained(struct give_back *gb)
{
	if (!gb->state.drained++)
		dev_info_ratelimited(gb->offer.dev, "gave back %llu pages in %llu offers\n",
				     gb->state.pages, gb->state.offers);
	publish_state(gb);
}

/* Return: pages that were given back, if it may be worth another pass at once; else 0. */
static u64 pass_once(struct give_back *gb)
{
	u64 before = gb->state.pages;

	gb->end = PASS_EMPTY;
	if (gb->budget && page_reporter_pass(&gb->reporter))
		gb->end = PASS_REFUSED;
	return gb->end == PASS_AGAIN && session_goes_on(gb) ? gb->state.pages - before : 0;
}

/*
 * Before the first drain, run one pass and requeue, so that pace_budget() counts again, unless
 * the drain is over. Afterwards repeat on the same budget.
 */
static void run_passes(struct give_back *gb)
{
	u64 given;

	do {
		given = pass_once(gb);
		cond_resched();
	} while (given && gb->state.drained);
	if (given && pace_drain_is_over(&gb->pace, given, gb->reporter.order))
		note_drained(gb);
}

/* Return: jiffies until the next passes, or NEVER. */
static unsigned long find_next(struct give_back *gb)
{
	unsigned long pause = pace_after_last(&gb->pace, gb->state.drained);

	if (gb->pace.restless >> gb->reporter.order)
		return pause;
	note_drained(gb);
	return NEVER;
}

/* Return: jiffies until the next passes, or NEVER. */
static unsigned long serve_request(struct give_back *gb)
{
	gb->budget = pace_budget(&gb->pace, gb->offer.asked.leave,
				 page_reporter_least(&gb->reporter), gb->state.drained);
	run_passes(gb);
	switch (gb->end) {
	case PASS_AGAIN:
		return gb->state.drained ? PACE_LOOK : 0;
	case PASS_REFUSED:
		return pace_after_refusal(&gb->pace);
	default:
		return pace_count_again(&gb->pace) ? 0 : find_next(gb);
	}
}

/* Return: jiffies until the next call, or NEVER. */
static unsigned long serve_session(struct give_back *gb)
{
	if (!session_goes_on(gb)) {
		end_session(gb);
		/* Refused or not decoded for a moment: the thread sees no new session to start. */
		if (!may_run(gb) || !begin_session(gb))
			return READ_ONCE(gb->seen) != FREEHINT_NO_SESSION ? HZ : NEVER;
	}
	/* Nothing can be offered, and the kernel would mark all that it finds as reported. */
	if (!page_reporter_has_order(gb->offer.asked.order)) {
		note_drained(gb);
		return NEVER;
	}
	if (!gb->reporter.registered && register_reporter(gb))
		return REGISTER_RETRY;
	return serve_request(gb);
}

static void run_session(struct work_struct *work)
{
	struct give_back *gb = container_of(to_delayed_work(work), struct give_back, work);
	unsigned long delay;

	/* The one who paused it ends the session, after this work item. */
	if (session_is_paused(&gb->pause))
		return;
	delay = serve_session(gb);
	if (delay != NEVER)
		queue_delayed_work(gb->queue, &gb->work, delay);
}

/*
 * As struct session_pause.end. The session is paused, so each run of the work item that begins
 * now does nothing. One that runs stops at its next offer; report() may start one more until
 * it is unregistered.
 */
static void stop_session(struct session_pause *pause)
{
	struct give_back *gb = container_of(pause, struct give_back, pause);

	idle_cancel_delayed_work(&gb->work);
	end_session(gb);
	idle_cancel_delayed_work(&gb->work);
}

/* As struct session_pause.go_on. */
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
	struct freehint_reclaim now = { .session = FREEHINT_NO_SESSION };

	if (pub && !freehint_read_reclaim(pub, &now))
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
	/* Not freezable: @pause ends the session before anything freezes. */
	gb->queue = alloc_workqueue("freehint", WQ_UNBOUND, 0);
	if (!gb->queue) {
		kfree(gb);
		return ERR_PTR(-ENOMEM);
	}
	gb->stats = stats;
	gb->base = base;
	gb->size = size;
	gb->offer.dev = dev;
	gb->offer.go_on = offer_may_stand;
	gb->offer.data = gb;
	gb->salt = get_random_u64();
	gb->reporter.offer = offer_batch;
	gb->reporter.more = find_more;
	gb->reporter.pause = &gb->pause;
	mutex_init(&gb->reporter.lock);
	INIT_DELAYED_WORK(&gb->work, run_session);
	gb->pace.not_before = jiffies;
	gb->pause.end = stop_session;
	gb->pause.go_on = start_again;
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
