/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's writing side: its hello and its request line. Compiled into the
 * QEMU extension, the only writer, and the tests.
 */
#ifndef FREEHINT_HOST_REQUEST_H
#define FREEHINT_HOST_REQUEST_H

#include "../include/freehint/shm_layout.h"

/**
 * freehint_write_host_hello() - introduce the host
 * @shm:      start of the region
 * @size:     bytes of the region
 * @instance: random and not 0
 *
 * Also takes back any request that an earlier process or a snapshot left.
 *
 * Return: 0, or -EINVAL when no bitmap fits @size.
 */
int freehint_write_host_hello(struct freehint_shm *shm, u64 size, u64 instance);

/**
 * freehint_write_request() - ask for a round, or for none
 * @shm:   start of the region
 * @round: id that never occurs again, or FREEHINT_NO_ROUND
 * @phase: enum freehint_phase
 * @pass:  pass of the migration, 0 outside
 *
 * The dirty log of all of guest memory is armed before a round is asked for.
 */
void freehint_write_request(struct freehint_shm *shm, u64 round, u32 phase, u32 pass);

/**
 * freehint_write_kicks() - have the guest look often again
 * @shm:   start of the region
 * @kicks: any number that was not there before
 *
 * For a guest that looks seldom because its request line has not changed for long. It
 * notices with its next look.
 */
void freehint_write_kicks(struct freehint_shm *shm, u32 kicks);

#endif /* FREEHINT_HOST_REQUEST_H */
