/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the memory of this guest ends that may be free.
 */
#ifndef FREEHINT_MEMORY_END_H
#define FREEHINT_MEMORY_END_H

/**
 * memory_end() - find the end of the memory that may be free
 *
 * May sleep with PREEMPT_RT, while memory comes or goes.
 *
 * Return: one past the highest pfn, in pages of this kernel.
 */
unsigned long memory_end(void);

#endif /* FREEHINT_MEMORY_END_H */
