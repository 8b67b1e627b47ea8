/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where ids begin that must not be those of another process: of rounds and of sessions.
 */
#ifndef FREEHINT_ID_BASE_H
#define FREEHINT_ID_BASE_H

#include <sys/random.h>

#include "../../../include/freehint/types.h"

/**
 * id_base_draw() - draw a random first id
 *
 * It is below 2^62: a counter that begins there never reaches FREEHINT_ROUND_MAX.
 *
 * Context: any thread.
 *
 * Return: the id; 0 if getrandom() fails.
 */
static inline u64 id_base_draw(void)
{
	u64 base;

	return getrandom(&base, sizeof(base), 0) == sizeof(base) ? (base >> 2) + 1 : 0;
}

#endif /* FREEHINT_ID_BASE_H */
