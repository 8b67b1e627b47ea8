/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random numbers that a seed repeats: xorshift64*, one state for each processor.
 */
#ifndef TORTURE_RANDOM_H
#define TORTURE_RANDOM_H

#include "machine.h"

/** struct random - state, never 0 */
struct random {
	u64 state;
};

static inline u64 random_next(struct random *random)
{
	u64 x = random->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	random->state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

/* A number below @end, which is below 2^32. */
static inline u64 random_below(struct random *random, u64 end)
{
	return (random_next(random) >> 32) * end >> 32;
}

static inline bool random_one_in(struct random *random, u64 n)
{
	return random_below(random, n) == 0;
}

/* Let up to @most cycles pass. */
static inline void random_pause(struct random *random, u64 most)
{
	u64 start = cycles(), length = random_below(random, most);

	while (cycles() - start < length)
		relax();
}

#endif /* TORTURE_RANDOM_H */
