// SPDX-License-Identifier: GPL-2.0
/*
 * The closed rounds of the last migration, for x-query-freehint. The round gate's lock guards them.
 */
#include "round_history.h"

void round_history_add(struct round_history *history, const struct gate_round *round)
{
	if (!history->count)
		history->first = *round;
	history->past[history->count++ % GATE_PAST] = *round;
}

void round_history_correct(struct round_history *history, const struct gate_round *round)
{
	history->count--;
	round_history_add(history, round);
}

u32 round_history_copy(const struct round_history *history, struct gate_round *past)
{
	u32 i = history->count > GATE_PAST ? history->count - GATE_PAST : 0, copied = 0;

	for (; i != history->count; i++)
		past[copied++] = history->past[i % GATE_PAST];
	return copied;
}
