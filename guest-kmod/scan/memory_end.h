/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the memory of this guest ends that may be free.
 */
#ifndef FREEHINT_MEMORY_END_H
#define FREEHINT_MEMORY_END_H

/**
 * memory_end() - find the end of the memory that may be free
 *
 * Any context. While memory comes or goes, the result may be too small for a moment.
 *
 * Return: one past the highest pfn, in pages of this kernel.
 */
unsigned long memory_end(void);

#endif /* FREEHINT_MEMORY_END_H */
