/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest module's part: hello, heartbeat and rounds, with the module's own
 * publishing code.
 */
#ifndef TORTURE_ROUND_H
#define TORTURE_ROUND_H

#include "mutator.h"

/** round_init() - the region is mapped at @base */
void round_init(void *base, u64 size);

/**
 * round_poll() - what the module's thread does at every poll
 * @mutator: works on memory between any two steps of a scan
 */
void round_poll(struct mutator *mutator);

#endif /* TORTURE_ROUND_H */
