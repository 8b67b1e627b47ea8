/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fake QEMU's dirty log and dirty bitmap, and what becomes of pages at a
 * switch to postcopy: set dirty, given to the kernel.
 */
#ifndef FREEHINT_FAKE_LOG_H
#define FREEHINT_FAKE_LOG_H

#include "fake_qemu.h"

#define FAKE_LOG_PAGES	1024

/**
 * struct fake_log - what tests set and look at; arrays by block, then by page
 * @listener:   of the extension
 * @handlers:   its savevm handlers, where it registered some
 * @written:    by the guest, and not yet fetched by a sync
 * @migration:  dirty to the migration, and not yet collected
 * @bmap:       of the blocks: dirty to the migration, and collected
 * @dirty:      set dirty by the extension, not counting what it has put back
 * @region_dirty: bytes of the shared region that the extension has set dirty
 * @discarded:  given to the kernel
 * @unplugged:  not there, by QEMU's word
 * @discards:   calls for that
 * @questions:  whether pages are in the log that was taken
 * @odd_snapshot: where that log begins, bytes: not 0 for one of another form
 * @syncs:      of the accelerator's log
 * @refuse:     discarding answers with an error
 * @disabled:   discarding is disabled
 * @fd:         behind the blocks, or -1
 * @shared:     are they?
 * @during:     called in every discard
 */
struct fake_log {
	struct qemu_memory_listener *listener;
	const struct qemu_savevm_handlers *handlers;
	bool written[FAKE_MAX_BLOCKS][FAKE_LOG_PAGES];
	bool migration[FAKE_MAX_BLOCKS][FAKE_LOG_PAGES];
	u64 bmap[FAKE_MAX_BLOCKS][FAKE_LOG_PAGES / 64];
	bool dirty[FAKE_MAX_BLOCKS][FAKE_LOG_PAGES];
	u64 region_dirty;
	bool discarded[FAKE_MAX_BLOCKS][FAKE_LOG_PAGES];
	bool unplugged[FAKE_MAX_BLOCKS][FAKE_LOG_PAGES];
	unsigned int discards;
	unsigned int questions;
	u64 odd_snapshot;
	unsigned int syncs;
	bool refuse;
	bool disabled;
	int fd;
	bool shared;
	void (*during)(void);
};

extern struct fake_log fake_log;

/** fake_log_install() - after fake_qemu_init(): a QEMU that tells how it switches */
void fake_log_install(void);

/** fake_log_announces() - like 11.1, which tells savevm handlers of the switch */
void fake_log_announces(void);

/** fake_log_sync() - ask the accelerator, as memory_global_dirty_log_sync() */
void fake_log_sync(void);

/** fake_log_collect() - the rest of a sync of the migration: what is dirty is to be sent */
void fake_log_collect(void);

/** fake_log_send() - QEMU has sent all that is dirty */
void fake_log_send(void);

/** fake_log_count() - how many of the @pages flags are set */
unsigned int fake_log_count(const bool *flag, unsigned int pages);

#endif /* FREEHINT_FAKE_LOG_H */
