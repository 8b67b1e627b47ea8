/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's side of a round: a thread that polls the request line, publishes the
 * hello, and answers each new round with a scan and a seal.
 */
#ifndef FREEHINT_ROUND_WORKER_H
#define FREEHINT_ROUND_WORKER_H

#include <linux/types.h>

struct device;
struct guest_stats;
struct round_worker;

/**
 * round_worker_start() - start the thread that serves a region
 * @dev:   device, for the log
 * @base:  mapped region, 64-byte aligned
 * @size:  bytes mapped
 * @stats: counters that the worker updates
 *
 * @dev, @base and @stats must remain valid until round_worker_free(). May sleep.
 *
 * Return: the worker, which the caller halts and frees; or an ERR_PTR: -ENOMEM, or an
 * error of freehint_publisher_attach() or kthread_run().
 */
struct round_worker *round_worker_start(struct device *dev, void *base, u64 size,
					struct guest_stats *stats);

/**
 * round_worker_halt() - stop the thread and clear the hello
 * @worker: worker; may be halted already
 *
 * Sleeps until the thread has ended. A running scan stops after at most one more block
 * and seals its round ABORTED.
 */
void round_worker_halt(struct round_worker *worker);

/** round_worker_free() - free a worker after round_worker_halt() */
void round_worker_free(struct round_worker *worker);

/**
 * round_worker_pause() - end the session of give-back, park the thread and clear the hello
 * @worker: worker; may be halted already
 *
 * Writes nothing into the region after it returned. Sleeps until the thread is parked and no
 * block is offered; a running scan stops as for round_worker_halt(), which may follow. The
 * caller holds the device's lock, as that of the other functions does.
 */
void round_worker_pause(struct round_worker *worker);

/**
 * round_worker_resume() - let the thread go on after round_worker_pause()
 * @worker: worker; may be halted already
 *
 * The thread publishes the hello again by itself.
 */
void round_worker_resume(struct round_worker *worker);

#endif /* FREEHINT_ROUND_WORKER_H */
