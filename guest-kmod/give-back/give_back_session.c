// SPDX-License-Identifier: GPL-2.0
/*
 * One session of giving back: registers with page reporting, lets pass follow pass until
 * nothing more is found, and unregisters.
 *
 * After the last pass the kernel runs a pass of its own 2 s after a block was freed. If it finds
 * blocks, the session runs passes again. From then on it gives back only memory that has stayed
 * free: a working guest uses most of what it frees again at once, and would pay a page fault for
 * each page.
 */
#include <linux/device.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/random.h>

#include "give_back_refusal.h"
#include "give_back_session.h"
#include "../core/guest_stats.h"
#include "session_pause.h"

/* The other driver may be unloaded while the host asks. */
#define REGISTER_RETRY	(5 * HZ)

static bool may_run(const struct give_back_session *session)
{
	return !session_is_paused(session->pause) &&
	       give_back_refusal_now() == FREEHINT_GIVE_BACK_POSSIBLE;
}

/* Without a session @offer has no publisher. */
static bool session_goes_on(const struct give_back_session *session)
{
	return session->offer.asked.session != FREEHINT_NO_SESSION && may_run(session) &&
	       freehint_give_back_is_current(&session->offer.pub, &session->offer.asked);
}

/* Called while free memory is counted. */
static bool count_is_wanted(void *data)
{
	return session_goes_on(data);
}

/* Called while an offer waits for the host. */
static bool offer_may_stand(void *data)
{
	const struct give_back_session *session = data;

	return session_goes_on(session) && !oom_recall_wanted(&session->reporter.recall);
}

static void publish_state(struct give_back_session *session)
{
	guest_stats_set_give_back(session->stats, &session->state);
	freehint_publish_give_back(&session->offer.pub, &session->state);
}

/* As struct page_reporter.offer. */
static int offer_batch(struct page_reporter *reporter, unsigned int count, u64 pages)
{
	struct give_back_session *session =
		container_of(reporter, struct give_back_session, reporter);
	enum freehint_answer answer;

	/* All or nothing: a part of a batch would be handed over again in the next pass. */
	if (pages > session->budget) {
		session->end = PASS_EMPTY;
		return -ENOSPC;
	}
	if (!session_goes_on(session)) {
		session->end = PASS_CUT;
		return -ECANCELED;
	}
	answer = offer_wait(&session->offer, reporter->block, count);
	session->state.offers++;
	session->state.withdrawn += answer == FREEHINT_ANSWER_NONE;
	if (answer == FREEHINT_ANSWER_DONE) {
		session->state.pages += pages;
		session->budget -= pages;
		pace_given(&session->pace, pages);
	}
	publish_state(session);
	session->end = answer == FREEHINT_ANSWER_DONE ? PASS_AGAIN : PASS_REFUSED;
	return session->end == PASS_AGAIN ? 0 : -EAGAIN;
}

void give_back_session_end(struct give_back_session *session)
{
	page_reporter_unregister(&session->reporter);
	session->offer.asked.session = FREEHINT_NO_SESSION;
}

/*
 * A reverted snapshot brings back the guest's counters and its random numbers, but not the
 * session: each host draws a new one. So the numbers of its offers are new, too, up from a
 * number below 2^61. A session that is begun again, after suspend, counts on.
 */
static void note_new_session(struct give_back_session *session)
{
	u64 number = session->offer.asked.session;

	session->offer.sequence = hash_64(number ^ session->salt, 61) + 1;
	session->state = (struct freehint_give_back_state){ .session = number };
	guest_stats_add(session->stats->sessions, 1);
}

/* Return: true if the host asks, and offers can be made for its request. */
static bool begin_session(struct give_back_session *session)
{
	struct offer_wait *offer = &session->offer;

	if (freehint_publisher_attach(&offer->pub, session->base, session->size))
		return false;
	/* Torn: the thread's next poll finds the new session and starts the work again. */
	if (!freehint_read_give_back_request(&offer->pub, &offer->asked))
		offer->asked.session = FREEHINT_NO_SESSION;
	if (offer->asked.session == FREEHINT_NO_SESSION)
		return false;
	pace_begin(&session->pace);
	if (session->state.session != offer->asked.session)
		note_new_session(session);
	publish_state(session);
	return true;
}

static int register_reporter(struct give_back_session *session)
{
	const struct freehint_give_back_ask *asked = &session->offer.asked;
	int ret;

	ret = page_reporter_register(&session->reporter, asked->order);
	give_back_failure_note(&session->failure, session->offer.dev, ret);
	if (!ret)
		dev_info_ratelimited(session->offer.dev,
				     "host asks for free memory, blocks of order %u and more, %llu pages stay\n",
				     asked->order, asked->leave);
	return ret;
}

/* All that was free is given back. */
static void note_drained(struct give_back_session *session)
{
	if (!session->state.drained++)
		dev_info_ratelimited(session->offer.dev, "gave back %llu pages in %llu offers\n",
				     session->state.pages, session->state.offers);
	publish_state(session);
}

/* Return: pages that were given back, if it may be worth another pass at once; else 0. */
static u64 pass_once(struct give_back_session *session)
{
	u64 before = session->state.pages;

	session->end = PASS_EMPTY;
	if (!session->budget)
		return 0;
	if (page_reporter_pass(&session->reporter)) {
		session->end = PASS_REFUSED;
		return 0;
	}
	if (session->end != PASS_AGAIN || !session_goes_on(session))
		return 0;
	return session->state.pages - before;
}

/*
 * In the first drain: one pass for each call, so that pace_budget() is asked again before the
 * next. Later: passes until one finds nothing, on one budget. If even the first finds none of the
 * blocks that were counted, the kernel looks for larger ones only.
 */
static void run_passes(struct give_back_session *session)
{
	u64 given, before = session->state.pages;
	bool drained = session->state.drained;

	do {
		given = pass_once(session);
		cond_resched();
	} while (given && drained);
	if (given && pace_drain_is_over(&session->pace, page_reporter_handed(&session->reporter),
					page_reporter_least(&session->reporter)))
		note_drained(session);
	if (drained && session->end == PASS_EMPTY && session->state.pages == before)
		page_reporter_expected(&session->reporter, session->budget);
}

/* Return: jiffies until the next passes, or GIVE_BACK_SESSION_NEVER. */
static unsigned long find_next(struct give_back_session *session)
{
	unsigned long pause = pace_after_last(&session->pace, session->state.drained);

	if (!pace_is_settled(&session->pace, session->reporter.order))
		return pause;
	note_drained(session);
	return GIVE_BACK_SESSION_NEVER;
}

/* Return: jiffies until the next passes, or GIVE_BACK_SESSION_NEVER. */
static unsigned long serve_request(struct give_back_session *session)
{
	if (!pace_budget(&session->pace, session->offer.asked.leave,
			 page_reporter_least(&session->reporter), session->state.drained,
			 &session->budget))
		return 0;
	run_passes(session);
	switch (session->end) {
	case PASS_AGAIN:
	case PASS_CUT:
		return pace_after_pass(&session->pace, session->state.drained);
	case PASS_REFUSED:
		return pace_after_refusal(&session->pace);
	default:
		return pace_count_again(&session->pace) ? 0 : find_next(session);
	}
}

unsigned long give_back_session_serve(struct give_back_session *session, bool asked)
{
	if (!session_goes_on(session)) {
		give_back_session_end(session);
		/* Refused or not decoded for a moment: the thread sees no new session to start. */
		if (!may_run(session) || !begin_session(session))
			return asked ? HZ : GIVE_BACK_SESSION_NEVER;
	} else if (pace_wait(&session->pace)) {
		return pace_wait(&session->pace);
	}
	/* Nothing can be offered, and the kernel would mark all that it finds as reported. */
	if (!page_reporter_has_order(session->offer.asked.order)) {
		note_drained(session);
		return GIVE_BACK_SESSION_NEVER;
	}
	if (!session->reporter.registered && register_reporter(session))
		return REGISTER_RETRY;
	return serve_request(session);
}

void give_back_session_init(struct give_back_session *session, struct device *dev, void *base,
			    u64 size)
{
	session->base = base;
	session->size = size;
	session->offer.dev = dev;
	session->offer.may_continue = offer_may_stand;
	session->offer.data = session;
	session->salt = get_random_u64();
	session->reporter.offer = offer_batch;
	session->reporter.pause = session->pause;
	mutex_init(&session->reporter.lock);
	session->pace.may_continue = count_is_wanted;
	session->pace.data = session;
	session->pace.not_before = jiffies;
}
