/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The event loop: descriptors to watch and timers, one of each kind, on io_uring or,
 * where that is switched off, on ppoll().
 */
#ifndef FREEHINT_EVENT_LOOP_H
#define FREEHINT_EVENT_LOOP_H

#include "event_kind.h"
#include "include/freehint/types.h"

struct event_loop;

/**
 * event_loop_new() - set up a loop; says so when it is one without io_uring
 * @loop: filled on success
 *
 * Return: 0 or -ENOMEM.
 */
int event_loop_new(struct event_loop **loop);

/** event_loop_free() - give the loop back; @loop may be NULL */
void event_loop_free(struct event_loop *loop);

/** event_loop_backend() - what the loop waits in */
enum event_backend event_loop_backend(const struct event_loop *loop);

/**
 * event_loop_watch() - report @kind once when @fd is ready
 * @loop: loop
 * @kind: kind to report; an earlier watch or timer of this kind is forgotten
 * @fd:   descriptor; stays the caller's
 * @mask: POLLIN, POLLOUT; errors and hang-up are always reported
 */
void event_loop_watch(struct event_loop *loop, enum event_kind kind, int fd,
		      unsigned int mask);

/**
 * event_loop_timer() - report @kind once after @usec microseconds
 * @loop: loop
 * @kind: kind to report; an earlier watch or timer of this kind is forgotten
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
 * Nothing that is ready waits for ever behind something that is ready again and again.
 *
 * Return: 0 or negative errno, which means that the loop is broken for good.
 */
int event_loop_wait(struct event_loop *loop, struct event *event);

#endif /* FREEHINT_EVENT_LOOP_H */
