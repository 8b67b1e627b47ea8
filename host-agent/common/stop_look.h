/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A look now and then, in work that takes long, whether it is to stop.
 */
#ifndef FREEHINT_STOP_LOOK_H
#define FREEHINT_STOP_LOOK_H

#include "../../include/freehint/limits.h"
#include "../../include/freehint/types.h"
#include "clock.h"

/**
 * struct stop_look - when to look next
 * @wanted:  asks whether to stop, NULL: never stop
 * @next_us: clock_us() of the next look
 */
struct stop_look {
	bool (*wanted)(void);
	u64 next_us;
};

/** stop_look_begin() - the work begins */
static inline struct stop_look stop_look_begin(bool (*wanted)(void))
{
	return (struct stop_look){ wanted, clock_us() + FREEHINT_STOP_LOOK_US };
}

/** stop_look_is_due() - is it time for a look? */
static inline bool stop_look_is_due(const struct stop_look *look)
{
	return look->wanted && clock_us() >= look->next_us;
}

/** stop_look() - look; Return: true if the work is to stop. Context: as @wanted needs it */
static inline bool stop_look(struct stop_look *look)
{
	look->next_us = clock_us() + FREEHINT_STOP_LOOK_US;
	return look->wanted();
}

#endif /* FREEHINT_STOP_LOOK_H */
