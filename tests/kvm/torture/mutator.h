/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random use of memory: takes, fills, fills again and frees pages.
 */
#ifndef TORTURE_MUTATOR_H
#define TORTURE_MUTATOR_H

#include "random.h"

#define MUTATOR_LATER	64

/**
 * struct mutator - one processor's
 * @random: its dice
 * @later:  pages it has taken and not yet filled
 * @count:  of @later
 */
struct mutator {
	struct random random;
	u64 later[MUTATOR_LATER];
	u64 count;
};

/** mutator_init() - another sequence for each @cpu */
void mutator_init(struct mutator *mutator, u64 seed, u64 cpu);

/** mutate() - one random step */
void mutate(struct mutator *mutator);

/** mutator_pause() - let time pass in which only the hot pages are written */
void mutator_pause(struct mutator *mutator);

/** mutate_some() - from no step to a few, with pauses */
void mutate_some(struct mutator *mutator);

#endif /* TORTURE_MUTATOR_H */
