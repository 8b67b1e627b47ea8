/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gives free memory back to the host: offers blocks with the module's own code, takes some
 * offers back, and uses the blocks again as soon as it may.
 */
#ifndef TORTURE_GIVES_H
#define TORTURE_GIVES_H

#include "mutator.h"
#include "proto/guest_publish.h"

/**
 * gives_poll() - one step of giving back
 * @mutator:  its dice
 * @pub:      publisher
 * @instance: host that the guest has greeted
 */
void gives_poll(struct mutator *mutator, struct freehint_publisher *pub, u64 instance);

#endif /* TORTURE_GIVES_H */
