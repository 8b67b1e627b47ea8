/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shared region as QEMU sees it: finding the memory backend, the host's hello
 * and request in it, and what the guest said. All of it under the BQL unless noted.
 */
#ifndef FREEHINT_BAR_H
#define FREEHINT_BAR_H

#include "../../../include/freehint/shm_layout.h"

/**
 * struct bar_info - the region for x-query-freehint
 * @size:     bytes
 * @capacity: bits of the bitmap
 * @instance: what the guest has to echo
 */
struct bar_info {
	u64 size;
	u64 capacity;
	u64 instance;
};

/**
 * bar_init() - draw the instance id and remember which backend to look for
 * @memdev: id of the memory backend behind the ivshmem device; copied
 *
 * Return: 0, -ENOMEM, or negative errno of getrandom().
 */
int bar_init(const char *memdev);

/**
 * bar_attach() - find the backend, unless there is one; it is pinned from then on
 * @why: filled with what is wrong and what to do, on failure
 *
 * Return: true when there is a region to use.
 */
bool bar_attach(const char **why);

/**
 * bar_is_gone() - was the backend that is pinned deleted?
 *
 * Its memory is there until bar_detach(), but no device has it. Another backend may have
 * taken its id.
 */
bool bar_is_gone(void);

/** bar_detach() - let the backend go; no round is open */
void bar_detach(void);

/**
 * bar_make_room() - have the file system give all of the region, now
 * @why: filled on failure
 *
 * Before the guest is asked to write the bitmap. 64 MiB, the bitmap of 2 TiB, take
 * some 20 ms the first time; later calls find every page in its place.
 *
 * Return: true when nobody who touches the region has to fear SIGBUS.
 */
bool bar_make_room(const char **why);

/** bar_is_attached() - any thread */
bool bar_is_attached(void);

/** bar_memdev() - id of the backend looked for */
const char *bar_memdev(void);

/** bar_info() - size, capacity and instance; zeros before bar_attach() */
struct bar_info bar_info(void);

/** bar_contains() - does [hva, hva + len) touch the region itself? */
bool bar_contains(const void *hva, u64 len);

/** bar_say_hello() - (re)write the host's hello; the guest answers within 100 ms */
void bar_say_hello(void);

/** bar_new_instance() - a reset made every earlier guest hello stale */
void bar_new_instance(void);

/** bar_request() - write the request line; any thread, one at a time */
void bar_request(u64 round, u32 phase, u32 pass);

/**
 * bar_guest() - copy the guest's hello
 *
 * Return: 0; -ENOENT: no guest; -EPROTO, -EINVAL: see freehint_read_guest_hello().
 */
int bar_guest(struct freehint_guest_hello *hello);

/** bar_kick() - have a guest that looks seldom look often again; reporting is on */
void bar_kick(void);

/** bar_beats() - the guest's poll counter */
u64 bar_beats(void);

/**
 * bar_poll_us() - how long the guest may take until its next look, by its own word
 *
 * Return: microseconds, any number; 0: no guest, or one that does not say.
 */
u32 bar_poll_us(void);

/** bar_seal() - copy the seal of @round; any thread; 0 or negative errno */
int bar_seal(u64 round, struct freehint_guest_seal *seal);

#endif /* FREEHINT_BAR_H */
