// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's side of a round: a thread that polls the request line, publishes the
 * hello, and answers each new round with a scan and a seal.
 *
 * ivshmem-plain has no interrupt, so the thread polls. Each poll does the same steps in
 * the same order:
 *
 *	read the request line		torn: poll again soon
 *	publish the hello if it is due	host's hello rejected: write nothing
 *					not due: publish a fact that changed
 *	look whether the host asks for memory
 *	beat
 *	serve the round if it is new
 *
 * After a migration, a restart, a reset or a reverted snapshot the host's hello has
 * another instance. The thread keeps only the instance of its own hello and the last
 * round across polls. Ids of rounds never occur twice.
 *
 * Only the thread uses the publisher. There are two exceptions: round_worker_halt()
 * after the thread ended, and round_worker_pause() while it is parked. The thread parks
 * between two polls only, never in the middle of a round.
 *
 * docs/guest-module.md has the details, also why the thread polls an old line slower.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "../compat/compat.h"
#include "../scan/free_scan.h"
#include "../give-back/give_back_work.h"
#include "../core/guest_contract.h"
#include "guest_hello.h"
#include "../core/guest_params.h"
#include "../core/guest_stats.h"
#include "poll_period.h"
#include "round_worker.h"

/* From this period on the thread sleeps in jiffies, and whoever stops or parks it wakes it. */
#define LONG_SLEEP_US		20000U

/**
 * struct round_worker - the thread and its state between polls
 * @task:    thread, NULL after round_worker_halt()
 * @wake:    wait queue on which the thread sleeps between slow polls
 * @pub:     publisher of the region
 * @hello:   hello that was published last
 * @give_back: gives memory back, beside the rounds
 * @asked:   the host asks for memory
 * @stats:   counters
 * @served:  last round served, FREEHINT_NO_ROUND if none
 * @beats:   number of polls with a hello in the region
 * @seen:    request line of the last poll
 * @changed: time of the last change of @seen, jiffies
 */
struct round_worker {
	struct task_struct *task;
	wait_queue_head_t wake;
	struct freehint_publisher pub;
	struct guest_hello hello;
	struct give_back *give_back;
	bool asked;
	struct guest_stats *stats;
	u64 served;
	u64 beats;
	struct freehint_request seen;
	unsigned long changed;
};

static u64 to_us(u64 ns)
{
	return div_u64(ns, NSEC_PER_USEC);
}

static void count_scan(struct guest_stats *stats, const struct free_scan_result *result,
		       u64 pages)
{
	guest_stats_set(stats->pages_last, pages);
	guest_stats_add(stats->pages_total, pages);
	guest_stats_set(stats->scan_us_last, to_us(result->scan_ns));
	guest_stats_max(&stats->scan_us_max, to_us(result->scan_ns));
	guest_stats_set(stats->hold_us_last, to_us(result->hold_ns));
	guest_stats_max(&stats->hold_us_max, to_us(result->hold_ns));
	guest_stats_set(stats->held_us_last, to_us(result->held_ns));
	guest_stats_max(&stats->irqoff_us_max, to_us(result->irqoff_ns));
	guest_stats_set(stats->holds_last, result->holds);
	if (result->status == FREEHINT_SEAL_COMPLETE)
		guest_stats_add(stats->rounds_sealed, 1);
	else
		guest_stats_add(stats->rounds_aborted, 1);
}

static void seal(struct freehint_publisher *pub, const struct free_scan_result *result)
{
	const struct freehint_seal_facts facts = {
		.status = result->status,
		.hold_us = min_t(u64, to_us(result->hold_ns), U32_MAX),
		.scan_us = to_us(result->scan_ns),
		.blocks = result->holds,
	};

	freehint_seal_round(pub, &facts);
}

static void serve_round(struct round_worker *worker, const struct freehint_request *req)
{
	struct free_scan_result result = { .status = FREEHINT_SEAL_DECLINED };
	struct guest_stats *stats = worker->stats;

	worker->served = req->round;
	guest_stats_add(stats->rounds_seen, 1);
	freehint_open_round(&worker->pub, req->round);
	if (!guest_contract_allows(worker->hello.facts.contract, req->pass)) {
		guest_stats_add(stats->rounds_declined, 1);
		seal(&worker->pub, &result);
		return;
	}
	free_scan_publish(&worker->pub, READ_ONCE(guest_params.advance_blocks), &result);
	seal(&worker->pub, &result);
	count_scan(stats, &result, worker->pub.free);
	dev_dbg(worker->hello.dev, "pass %u, %llu free pages in %llu us\n", req->pass,
		worker->pub.free, to_us(result.scan_ns));
}

static void note_request(struct round_worker *worker, const struct freehint_request *req)
{
	const struct freehint_request *seen = &worker->seen;

	if (req->instance == seen->instance && req->round == seen->round &&
	    req->phase == seen->phase && req->pass == seen->pass &&
	    req->kicks == seen->kicks)
		return;
	worker->seen = *req;
	worker->changed = jiffies;
	guest_stats_set(worker->stats->phase, req->phase);
}

static unsigned int idle_us(void)
{
	return READ_ONCE(guest_params.poll_idle_ms) * 1000;
}

/* Return: microseconds until the next poll. */
static unsigned int next_poll(const struct round_worker *worker)
{
	const struct poll_state state = {
		.phase = worker->seen.phase,
		.pass = worker->seen.pass,
		.asked = worker->asked,
		.quiet_s = (jiffies - worker->changed) / HZ,
		.fast_us = READ_ONCE(guest_params.poll_fast_us),
		.idle_us = idle_us(),
	};

	return poll_period(&state);
}

static void note_hello(struct round_worker *worker)
{
	const struct freehint_guest_facts *facts = &worker->hello.facts;
	struct guest_stats *stats = worker->stats;

	guest_stats_set(stats->hello_published, worker->hello.instance != 0);
	if (!worker->hello.instance)
		return;
	guest_stats_add(stats->hellos, 1);
	guest_stats_set(stats->contract, facts->contract);
	guest_stats_set(stats->refusal, facts->refusal);
	guest_stats_set(stats->end_pfn, facts->end_pfn);
	guest_stats_set(stats->give_back_status, facts->give_back);
	guest_stats_set(stats->version, worker->pub.version);
	guest_stats_set(stats->capacity, worker->pub.capacity);
}

/* Return: microseconds until the next poll. */
static unsigned int poll_once(struct round_worker *worker)
{
	struct freehint_request req;

	guest_stats_add(worker->stats->polls, 1);
	if (!freehint_read_request(&worker->pub, &req))
		return READ_ONCE(guest_params.poll_fast_us);
	note_request(worker, &req);
	if (guest_hello_is_due(&worker->hello, &req)) {
		int ret = guest_hello_publish(&worker->hello, &worker->pub, &req);

		note_hello(worker);
		if (ret) {
			worker->asked = give_back_poll(worker->give_back, NULL);
			return idle_us();
		}
	} else if (guest_hello_refresh(&worker->hello, &worker->pub)) {
		note_hello(worker);
	}
	worker->asked = give_back_poll(worker->give_back, &worker->pub);
	freehint_beat(&worker->pub, ++worker->beats, next_poll(worker));
	if (req.round != FREEHINT_NO_ROUND && req.round != worker->served)
		serve_round(worker, &req);
	return next_poll(worker);
}

static bool is_called(void)
{
	return kthread_should_stop() || kthread_should_park();
}

static void sleep_between_polls(struct round_worker *worker, unsigned int us)
{
	if (us < LONG_SLEEP_US)
		compat_usleep_idle(us, us + us / 4);
	else
		wait_event_idle_timeout(worker->wake, is_called(), usecs_to_jiffies(us));
}

/*
 * Not freezable: a kernel that hibernates may power off through shutdown(), which ends this
 * thread, while its threads are frozen. A frozen one would not end; a parked one does.
 */
static int run_worker(void *data)
{
	struct round_worker *worker = data;

	while (!kthread_should_stop()) {
		if (kthread_should_park())
			kthread_parkme();
		else
			sleep_between_polls(worker, poll_once(worker));
	}
	return 0;
}

struct round_worker *round_worker_start(struct device *dev, void *base, u64 size,
					struct guest_stats *stats)
{
	struct round_worker *worker;
	int ret;

	worker = kzalloc(sizeof(*worker), GFP_KERNEL);
	if (!worker)
		return ERR_PTR(-ENOMEM);
	init_waitqueue_head(&worker->wake);
	worker->stats = stats;
	worker->changed = jiffies;
	ret = freehint_publisher_attach(&worker->pub, base, size);
	if (ret)
		goto err_free;
	worker->give_back = give_back_create(dev, base, size, stats);
	if (IS_ERR(worker->give_back)) {
		ret = PTR_ERR(worker->give_back);
		goto err_free;
	}
	guest_hello_init(&worker->hello, dev, base, size, worker->give_back);
	worker->task = kthread_run(run_worker, worker, "freehint");
	if (IS_ERR(worker->task)) {
		ret = PTR_ERR(worker->task);
		goto err_give_back;
	}
	return worker;

err_give_back:
	give_back_halt(worker->give_back);
	give_back_destroy(worker->give_back);
err_free:
	kfree(worker);
	return ERR_PTR(ret);
}

/* The thread has ended, or is parked. */
static void drop_hello(struct round_worker *worker)
{
	guest_hello_withdraw(&worker->hello, &worker->pub);
	guest_stats_set(worker->stats->hello_published, false);
}

void round_worker_halt(struct round_worker *worker)
{
	if (!worker->task)
		return;
	kthread_stop(worker->task);
	worker->task = NULL;
	give_back_halt(worker->give_back);
	drop_hello(worker);
}

void round_worker_free(struct round_worker *worker)
{
	give_back_destroy(worker->give_back);
	kfree(worker);
}

void round_worker_pause(struct round_worker *worker)
{
	if (!worker->task)
		return;
	give_back_pause(worker->give_back);
	kthread_park(worker->task);
	drop_hello(worker);
}

void round_worker_resume(struct round_worker *worker)
{
	if (!worker->task)
		return;
	kthread_unpark(worker->task);
	give_back_resume(worker->give_back);
}
