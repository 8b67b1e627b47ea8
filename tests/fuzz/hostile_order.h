/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Takes the place of proto/shm_order.h in a fuzz target (compile with -include):
 * before every load of a shared word the target may change the region, and every
 * store is shown to it. A word that is loaded twice can so be two different words.
 */
#ifndef FREEHINT_HOSTILE_ORDER_H
#define FREEHINT_HOSTILE_ORDER_H

/* proto/shm_order.h shall not define them again. */
#define FREEHINT_SHM_ORDER_H

#include <stddef.h>

/** hostile_load() - the next load is about to happen; defined by the target */
void hostile_load(void);

/** hostile_store() - @size bytes at @p were stored; defined by the target */
void hostile_store(void *p, size_t size);

#define shm_load(p)		(hostile_load(), __atomic_load_n(p, __ATOMIC_RELAXED))
#define shm_load_acquire(p)	(hostile_load(), __atomic_load_n(p, __ATOMIC_ACQUIRE))
#define shm_store(p, v)								\
	do {									\
		__atomic_store_n(p, v, __ATOMIC_RELAXED);			\
		hostile_store(p, sizeof(*(p)));					\
	} while (0)
#define shm_store_release(p, v)	shm_store(p, v)
#define shm_store_fence()	__atomic_thread_fence(__ATOMIC_RELEASE)
#define shm_load_fence()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define shm_full_fence()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define shm_store_flush()	shm_store_fence()

#endif /* FREEHINT_HOSTILE_ORDER_H */
