/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gives free memory back to the host while the host asks for it.
 */
#ifndef FREEHINT_GIVE_BACK_WORK_H
#define FREEHINT_GIVE_BACK_WORK_H

#include <linux/types.h>

struct device;
struct freehint_publisher;
struct give_back;
struct guest_stats;

/**
 * give_back_create() - prepare to give memory back; does nothing until the host asks
 * @dev:   device, for the log
 * @base:  mapped region
 * @size:  bytes mapped
 * @stats: counters that are updated
 *
 * @dev, @base and @stats must remain valid until give_back_destroy(). May sleep.
 *
 * Return: what the caller destroys, or an ERR_PTR.
 */
struct give_back *give_back_create(struct device *dev, void *base, u64 size,
				   struct guest_stats *stats);

/**
 * give_back_halt() - end the session, if there is one, for ever
 * @gb: may be halted already; nobody calls give_back_poll() any more
 *
 * Sleeps until no block is offered. This has no time limit if the host has taken an offer.
 */
void give_back_halt(struct give_back *gb);

/**
 * give_back_pause() - end the session, if there is one, until give_back_resume()
 * @gb: not halted
 *
 * For a device that is about to be suspended or reset. Sleeps as give_back_halt() does, which
 * may follow.
 */
void give_back_pause(struct give_back *gb);

/** give_back_resume() - begin a session again if the host asks */
void give_back_resume(struct give_back *gb);

/** give_back_destroy() - free what give_back_create() returned, after give_back_halt() */
void give_back_destroy(struct give_back *gb);

/**
 * give_back_poll() - look whether the host asks for memory
 * @gb:  not halted
 * @pub: attached publisher of the caller's, NULL when there is no hello in the region
 *
 * Does not wait for a session to begin or end: a work item does both.
 *
 * Return: true while a session is on.
 */
bool give_back_poll(struct give_back *gb, const struct freehint_publisher *pub);

/** give_back_status() - Return: enum freehint_give_back for the hello; any context */
u32 give_back_status(const struct give_back *gb);

#endif /* FREEHINT_GIVE_BACK_WORK_H */
