/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory order of the shared bytes, for the kernel and for C11. A writer stores the
 * word that makes its data visible with release. A reader loads it with acquire.
 */
#ifndef FREEHINT_SHM_ORDER_H
#define FREEHINT_SHM_ORDER_H

#ifdef __KERNEL__

#include <linux/compiler.h>
#include <asm/barrier.h>

/*
 * The mandatory barriers, because the mapping may be write-combining. Stores to such
 * memory become visible in any order, and loads are speculative, also on x86, where
 * smp_*, virt_* and dma_* are compiler barriers. On write-back memory these barriers
 * cost nanoseconds. No fence stands between the words of a bitmap.
 */
#define shm_load(p)		READ_ONCE(*(p))
#define shm_store(p, v)		WRITE_ONCE(*(p), (v))
/* virt_* and not smp_*: the other side is a CPU of the host, even if the guest is UP. */
#define shm_load_acquire(p) ({				\
	typeof(*(p)) loaded__ = virt_load_acquire(p);	\
	rmb();						\
	loaded__;					\
})
#define shm_store_release(p, v) do {			\
	wmb();						\
	virt_store_release(p, v);			\
} while (0)
/* Earlier stores become visible before later stores. */
#define shm_store_fence()	wmb()
/* Earlier loads complete before later loads. */
#define shm_load_fence()	rmb()
/* Earlier stores become visible before later loads. */
#define shm_full_fence()	mb()
/* As shm_store_fence(), and now: write-combining buffers are written. */
#define shm_store_flush()	wmb()

#else

#define shm_load(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define shm_store(p, v)		__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define shm_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define shm_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define shm_store_fence()	__atomic_thread_fence(__ATOMIC_RELEASE)
#define shm_load_fence()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define shm_full_fence()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
/* User space maps the region write-back: stores become visible by themselves. */
#define shm_store_flush()	shm_store_fence()

#endif

#endif /* FREEHINT_SHM_ORDER_H */
