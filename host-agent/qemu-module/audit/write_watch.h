/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports which pages were written, from the kernel's page tables: userfaultfd's
 * asynchronous write protection. No input comes from QEMU or from KVM's dirty log.
 */
#ifndef FREEHINT_WRITE_WATCH_H
#define FREEHINT_WRITE_WATCH_H

#include "../../../include/freehint/types.h"

/**
 * write_watch_open() - prepare a watch; call once before write_watch_close()
 *
 * Needs no privilege: the kernel resolves the faults.
 *
 * Return: 0; -ENOSYS, -EINVAL: a kernel before 6.7; -EPERM and others of userfaultfd(2).
 */
int write_watch_open(void);

/** write_watch_close() - stop watching and remove the protection */
void write_watch_close(void);

/**
 * write_watch_add() - watch [start, start + len), page aligned
 *
 * All of it counts as written until the first write_watch_collect(). That call creates page
 * tables for all of it, 2 MiB per GiB. The kernel maps no huge pages there during the watch.
 *
 * Return: 0; -EINVAL: this kind of memory cannot be watched; -EBUSY: another userfaultfd
 * watches it.
 */
int write_watch_add(u8 *start, u64 len);

/**
 * typedef write_watch_fn - report that [start, end) was written
 * @opaque: as given to write_watch_collect()
 * @start:  first byte
 * @end:    end of the run
 */
typedef void write_watch_fn(void *opaque, const u8 *start, const u8 *end);

/**
 * write_watch_collect() - report what was written since the last call, and clear it atomically
 * @start:   first byte
 * @len:     bytes, inside a range that was added
 * @shared:  mapped as shared memory: pages given back to the kernel count as written
 * @written: called for each run, may be NULL
 * @opaque:  passed to @written
 *
 * Writes by this process, by vCPUs and by vhost count. Writes of devices that bypass the page
 * tables (VFIO) do not.
 *
 * Return: 0 or negative errno.
 */
int write_watch_collect(u8 *start, u64 len, bool shared, write_watch_fn *written, void *opaque);

/**
 * write_watch_mergeable() - may the kernel merge pages of this memory (KSM)?
 * @start: first byte
 * @len:   bytes, not 0
 *
 * Reads smaps up to this address: milliseconds for each GiB that is mapped below it.
 *
 * Return: true also if smaps cannot be read.
 */
bool write_watch_mergeable(const u8 *start, u64 len);

/**
 * write_watch_merges() - may pages of it have been merged since write_watch_open()?
 * @start: first byte
 * @len:   bytes, not 0
 *
 * A merged page counts as written although nothing wrote it. Call this after
 * write_watch_collect(): its result is valid only if this returns false.
 *
 * Return: true if ksmd has worked and the memory is mergeable.
 */
bool write_watch_merges(const u8 *start, u64 len);

#endif /* FREEHINT_WRITE_WATCH_H */
