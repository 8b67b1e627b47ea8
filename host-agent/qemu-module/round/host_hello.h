/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Publishes the host's hello: when the guest first runs here, each time it runs again, after a
 * reset, and when the shared memory is added later. Call everything under the BQL.
 */
#ifndef FREEHINT_HOST_HELLO_H
#define FREEHINT_HOST_HELLO_H

#include "../../../include/freehint/types.h"

/** host_hello_init() - register for start, stop, reset and new memory, once at load */
void host_hello_init(void);

/**
 * host_hello_publish() - attach the region and publish the hello, unless that is done
 * @why: set to the reason on failure
 *
 * Releases a region whose backend was deleted, and attaches a new backend with the same id. The
 * caller counts the time with the BQL held.
 *
 * Return: true if the region is in use. Always false before the guest has run: the region of
 * a destination must not be touched while the migration fills it.
 */
bool host_hello_publish(const char **why);

#endif /* FREEHINT_HOST_HELLO_H */
