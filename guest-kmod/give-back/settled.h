/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much memory has stayed free for a while. Uses nothing of the kernel, so the unit tests
 * compile this file unchanged.
 */
#ifndef FREEHINT_SETTLED_H
#define FREEHINT_SETTLED_H

#include "../../include/freehint/types.h"

/* This many looks in a row decide how much memory has stayed free. */
#define SETTLED_LOOKS	5U

/**
 * struct settled - numbers of free pages, one for each of the last looks
 * @pages: found then, less what was given back since
 * @next:  the look that is forgotten next
 */
struct settled {
	u64 pages[SETTLED_LOOKS];
	unsigned int next;
};

/** settled_reset() - nothing has stayed free yet */
static inline void settled_reset(struct settled *settled)
{
	*settled = (struct settled){ 0 };
}

/**
 * settled_look() - note how many pages are free now
 * @settled: the last looks
 * @pages:   number of pages that could be given back
 *
 * Return: the smallest number of the last SETTLED_LOOKS looks: so many were not needed
 * meanwhile.
 */
static inline u64 settled_look(struct settled *settled, u64 pages)
{
	unsigned int i;

	settled->pages[settled->next] = pages;
	settled->next = (settled->next + 1) % SETTLED_LOOKS;
	for (i = 0; i < SETTLED_LOOKS; i++)
		if (settled->pages[i] < pages)
			pages = settled->pages[i];
	return pages;
}

/**
 * settled_take() - @pages were given back: they are not free any more, so take them off the
 * earlier looks
 */
static inline void settled_take(struct settled *settled, u64 pages)
{
	unsigned int i;

	for (i = 0; i < SETTLED_LOOKS; i++)
		settled->pages[i] -= settled->pages[i] < pages ? settled->pages[i] : pages;
}

#endif /* FREEHINT_SETTLED_H */
