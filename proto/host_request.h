/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's writer: its hello and its request line. Compiled into the QEMU extension,
 * which is the only writer, and into the tests.
 */
#ifndef FREEHINT_HOST_REQUEST_H
#define FREEHINT_HOST_REQUEST_H

#include "../include/freehint/shm_layout.h"

/**
 * freehint_write_host_hello() - publish the host's hello
 * @shm:      start of the region
 * @size:     bytes of the region
 * @instance: random and not 0
 *
 * First clears any request that an earlier process or a snapshot left.
 *
 * Return: 0, or -EINVAL if no bitmap fits @size or @instance is 0.
 */
int freehint_write_host_hello(struct freehint_shm *shm, u64 size, u64 instance);

/** freehint_is_host_hello() - is this host's hello in the region? The guest can change it */
bool freehint_is_host_hello(const struct freehint_shm *shm, u64 instance);

/**
 * freehint_clear_host_hello() - leave no hello, no request and no session in the region
 *
 * The instance stays: while it stands a guest whose offer was taken waits for the answer, and
 * the host that has taken it may still discard.
 */
void freehint_clear_host_hello(struct freehint_shm *shm);

/**
 * freehint_write_request() - request a round, or close the open one
 * @shm:   start of the region
 * @round: id that was never used before, or FREEHINT_NO_ROUND
 * @phase: enum freehint_phase
 * @pass:  pass of the migration, 0 outside
 *
 * The caller arms the dirty log of all guest memory before it requests a round.
 */
void freehint_write_request(struct freehint_shm *shm, u64 round, u32 phase, u32 pass);

/**
 * freehint_write_kicks() - make the guest poll fast again
 * @shm:   start of the region
 * @kicks: any number other than the previous one
 *
 * A guest polls slowly after its request line has not changed for long. It notices the
 * new number at its next poll.
 */
void freehint_write_kicks(struct freehint_shm *shm, u32 kicks);

#endif /* FREEHINT_HOST_REQUEST_H */
