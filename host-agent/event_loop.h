/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The event loop: descriptors to watch and timers, one of each kind, on io_uring.
 * The only file that sees submission and completion entries.
 */
#ifndef FREEHINT_EVENT_LOOP_H
#define FREEHINT_EVENT_LOOP_H

#include "event_kind.h"
#include "include/freehint/types.h"

struct event_loop;

/**
 * struct event - one wake-up
 * @kind:   what it is
 * @result: poll mask of a watched descriptor (or negative errno), 0 for a timer
 */
struct event {
	enum event_kind kind;
	int result;
};

/**
 * event_loop_new() - set the ring up and restrict it to polling and timers
 * @loop: filled on success
 *
 * Return: 0; -ENOSYS, -EPERM, -EACCES: io_uring is switched off here; -EINVAL:
 * the kernel is older than 5.10; other negative errno.
 */
int event_loop_new(struct event_loop **loop);

/** event_loop_free() - give the ring back; @loop may be NULL */
void event_loop_free(struct event_loop *loop);

/**
 * event_loop_watch() - report @kind once when @fd is ready
 * @loop: loop
 * @kind: kind to report; an earlier watch of this kind is forgotten
 * @fd:   descriptor; stays the caller's
 * @mask: POLLIN, POLLOUT; errors and hang-up are always reported
 */
void event_loop_watch(struct event_loop *loop, enum event_kind kind, int fd,
		      unsigned int mask);

/**
 * event_loop_timer() - report @kind once after @usec microseconds
 * @loop: loop
 * @kind: kind to report; an earlier timer of this kind is forgotten
 * @usec: microseconds from now, may be 0
 */
void event_loop_timer(struct event_loop *loop, enum event_kind kind, u64 usec);

/** event_loop_forget() - drop the watch or timer of @kind, fired or not */
void event_loop_forget(struct event_loop *loop, enum event_kind kind);

/**
 * event_loop_wait() - sleep until something happens
 * @loop:  loop
 * @event: filled on success
 *
 * Return: 0 or negative errno, which means that the ring is broken.
 */
int event_loop_wait(struct event_loop *loop, struct event *event);

#endif /* FREEHINT_EVENT_LOOP_H */
