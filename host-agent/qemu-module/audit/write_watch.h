/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which pages were written, as the kernel's page tables know it: userfaultfd's
 * asynchronous write protection. Nothing of it comes from QEMU or KVM's dirty log.
 */
#ifndef FREEHINT_WRITE_WATCH_H
#define FREEHINT_WRITE_WATCH_H

#include "../../../include/freehint/types.h"

/**
 * write_watch_open() - get ready; once until write_watch_close()
 *
 * No privilege is needed: faults are resolved in the kernel.
 *
 * Return: 0; -ENOSYS, -EINVAL: a kernel before 6.7; -EPERM and others of userfaultfd(2).
 */
int write_watch_open(void);

/** write_watch_close() - watch nothing; memory is as it was */
void write_watch_close(void);

/**
 * write_watch_add() - watch [start, start + len), page aligned
 *
 * Everything counts as written until the first write_watch_take(). That makes page tables
 * for all of it, 2 MiB for each GiB, and the kernel makes no huge pages there meanwhile.
 *
 * Return: 0; -EINVAL: this kind of memory cannot be watched; -EBUSY: somebody else does.
 */
int write_watch_add(u8 *start, u64 len);

/**
 * typedef write_watch_fn - [start, end) was written
 */
typedef void write_watch_fn(void *opaque, const u8 *start, const u8 *end);

/**
 * write_watch_take() - what was written since the last time, atomically forgotten
 * @start:   first byte
 * @len:     bytes, inside what was added
 * @shared:  mapped as shared memory; what was given back to the kernel counts as written then
 * @written: called for each run, may be NULL
 * @opaque:  for it
 *
 * Writes by this process, by vCPUs and by vhost count; those of devices that write past
 * the page tables (VFIO) do not.
 *
 * Return: 0 or negative errno.
 */
int write_watch_take(u8 *start, u64 len, bool shared, write_watch_fn *written, void *opaque);

/**
 * write_watch_mergeable() - has anybody asked the kernel to merge pages of this memory (KSM)?
 * @start: first byte
 * @len:   bytes, not 0
 *
 * Reads smaps, which takes milliseconds for each GiB of what is mapped up to there.
 *
 * Return: also true where the kernel does not say.
 */
bool write_watch_mergeable(const u8 *start, u64 len);

/**
 * write_watch_merges() - may pages of it have been merged since write_watch_open()?
 * @start: first byte
 * @len:   bytes, not 0
 *
 * A merged page counts as written though nobody wrote it. Ask after write_watch_take(): what
 * it has told is to be believed if not.
 *
 * Return: ksmd was at work, and the memory is mergeable.
 */
bool write_watch_merges(const u8 *start, u64 len);

#endif /* FREEHINT_WRITE_WATCH_H */
