// SPDX-License-Identifier: GPL-2.0
/*
 * The thread that makes skipped pages zero after a switch to postcopy.
 *
 * The content of these pages is dead. QEMU still reads it, and sends it unless it is zero.
 *
 * A page is made zero in one of two ways. Giving it back to the kernel is fast and frees
 * memory; a later read maps the zero page. This is impossible if something pins the page (VFIO
 * disables discarding; mlock). With a private mapping of a file it would change the file
 * itself. With huge pages it could end in SIGBUS if the pool is empty and the guest
 * continues here. In these cases zeros are written by a system call: it returns EFAULT for
 * read-only memory, where a store would end QEMU.
 *
 * RDMA pins memory and does not disable discarding. It sends no pages itself after the switch
 * (migration/rdma.c): QEMU reads them as for any other link, and a page that is pinned is freed
 * later.
 */
#define _GNU_SOURCE
#include <sys/uio.h>
#include <unistd.h>

#include "../../../include/freehint/shm_layout.h"
#include "../core/own_thread.h"
#include "../gate/round_gate.h"
#include "skipped.h"
#include "zero_thread.h"

/* Bytes per step: short enough for zero_thread_stop() to wait, long enough for a system call. */
#define PIECE_BYTES	(4ULL << 20)

static struct {
	pthread_t thread;
	bool running;
	bool stop;
	RAMBlock *written;	/* discarding failed in this block */
} zero;

static bool can_discard(const struct skipped_block *block)
{
	if (block->ram == zero.written || qemu.ram_block_discard_is_disabled())
		return false;
	if (qemu.qemu_ram_pagesize(block->ram) != FREEHINT_PAGE_SIZE)
		return false;
	return qemu.qemu_ram_is_shared(block->ram) || qemu.qemu_ram_get_fd(block->ram) < 0;
}

static bool write_zeros(u8 *host, u64 len)
{
	static u8 zeros[PIECE_BYTES] = { 0 };
	struct iovec from = { zeros, len }, to = { host, len };

	return process_vm_writev(getpid(), &from, 1, &to, 1, 0) == (ssize_t)len;
}

static bool make_zero(const struct skipped_block *block, u64 offset, u64 len)
{
	if (can_discard(block)) {
		if (!qemu.ram_block_discard_range(block->ram, offset, len))
			return true;
		/* QEMU has reported the error. */
		zero.written = block->ram;
	}
	return write_zeros(block->host + offset, len);
}

static bool zero_run(const struct skipped_block *block, u64 first, u64 pages)
{
	u64 offset = first << FREEHINT_PAGE_SHIFT, end = (first + pages) << FREEHINT_PAGE_SHIFT;
	u64 len;

	for (; offset < end; offset += len) {
		if (__atomic_load_n(&zero.stop, __ATOMIC_ACQUIRE))
			return false;
		len = end - offset < PIECE_BYTES ? end - offset : PIECE_BYTES;
		if (make_zero(block, offset, len))
			gate_count(pages_zeroed, len >> FREEHINT_PAGE_SHIFT);
	}
	return true;
}

static void *zero_thread(void *opaque)
{
	(void)opaque;
	skipped_walk_certain(zero_run);
	return NULL;
}

void zero_thread_start(void)
{
	zero_thread_stop();
	zero.stop = false;
	zero.written = NULL;
	zero.running = !own_thread_start(&zero.thread, "freehint-zero", zero_thread);
}

void zero_thread_stop(void)
{
	if (!zero.running)
		return;
	__atomic_store_n(&zero.stop, true, __ATOMIC_RELEASE);
	pthread_join(zero.thread, NULL);
	zero.running = false;
}
