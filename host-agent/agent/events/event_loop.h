/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The event loop: one watched descriptor or timer for each kind of event, on io_uring or,
 * where that is disabled, on ppoll().
 */
#ifndef FREEHINT_EVENT_LOOP_H
#define FREEHINT_EVENT_LOOP_H

#include "event_kind.h"
#include "include/freehint/types.h"

struct event_loop;

/**
 * event_loop_new() - create a loop; logs it when io_uring cannot be used
 * @loop: filled on success
 *
 * Return: 0 or -ENOMEM.
 */
int event_loop_new(struct event_loop **loop);

/** event_loop_free() - free the loop; @loop may be NULL */
void event_loop_free(struct event_loop *loop);

/** event_loop_backend() - how the loop waits */
enum event_backend event_loop_backend(const struct event_loop *loop);

/**
 * event_loop_watch() - report @kind once when @fd is ready
 * @loop: loop
 * @kind: kind to report; an earlier watch or timer of this kind is dropped
 * @fd:   descriptor; the caller owns it
 * @mask: POLLIN, POLLOUT, POLLPRI; errors and hang-up are always reported
 */
void event_loop_watch(struct event_loop *loop, enum event_kind kind, int fd,
		      unsigned int mask);

/**
 * event_loop_timer() - report @kind once after @usec microseconds
 * @loop: loop
 * @kind: kind to report; an earlier watch or timer of this kind is dropped
 * @usec: microseconds from now, may be 0
 */
void event_loop_timer(struct event_loop *loop, enum event_kind kind, u64 usec);

/** event_loop_cancel() - drop the watch or timer of @kind, even if it has fired */
void event_loop_cancel(struct event_loop *loop, enum event_kind kind);

/**
 * event_loop_wait() - sleep until an event happens
 * @loop:  loop
 * @event: filled on success
 *
 * No event starves: an event that is ready again and again does not delay the others
 * without limit.
 *
 * Return: 0 or negative errno; after an error the loop cannot be used any more.
 */
int event_loop_wait(struct event_loop *loop, struct event *event);

#endif /* FREEHINT_EVENT_LOOP_H */
