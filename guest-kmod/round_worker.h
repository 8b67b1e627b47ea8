/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's side of a round: a thread that watches the request line, says
 * hello, and answers each new round with a scan and a seal.
 */
#ifndef FREEHINT_ROUND_WORKER_H
#define FREEHINT_ROUND_WORKER_H

#include <linux/types.h>

struct device;
struct guest_stats;
struct round_worker;

/**
 * round_worker_start() - serve a region from now on
 * @dev:   device, for the log
 * @base:  mapped region that freehint_publisher_attach() accepts
 * @size:  bytes mapped
 * @stats: counters the worker keeps
 *
 * All of them must outlive the worker.
 *
 * Return: the worker, or an ERR_PTR.
 */
struct round_worker *round_worker_start(struct device *dev, void *base, u64 size,
					struct guest_stats *stats);

/**
 * round_worker_halt() - end the thread and take the hello back
 * @worker: worker; may have been halted before
 *
 * A scan that runs ends within one block and seals its round ABORTED.
 */
void round_worker_halt(struct round_worker *worker);

/** round_worker_free() - give back a worker that was halted */
void round_worker_free(struct round_worker *worker);

/**
 * round_worker_suspend() - take the hello back while the thread is frozen
 * @worker: worker
 *
 * The thread says hello again by itself once it is thawed.
 */
void round_worker_suspend(struct round_worker *worker);

#endif /* FREEHINT_ROUND_WORKER_H */
