/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When the host's hello is said: as soon as the guest runs here, again whenever it runs
 * again, after a reset, and when the shared memory is added later. All of it under the BQL.
 */
#ifndef FREEHINT_GREETING_H
#define FREEHINT_GREETING_H

#include "../../../include/freehint/types.h"

/** greeting_init() - register for start, stop, reset and new memory, once at load */
void greeting_init(void);

/**
 * greeting_say() - find the region and say hello, if that was not possible before
 * @why: filled with what stands against it, on failure
 *
 * A region whose backend was deleted is let go, and that of a new one with its id is taken.
 *
 * Return: true when the region is in use. Never before the guest has run: a
 * destination's region is not touched while migration fills it.
 */
bool greeting_say(const char **why);

#endif /* FREEHINT_GREETING_H */
