/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A QEMU for unit tests of the extension: RAM blocks with a deferred dirty log,
 * a memory map, capabilities, and the notifiers as a migration calls them.
 */
#ifndef FREEHINT_FAKE_QEMU_H
#define FREEHINT_FAKE_QEMU_H

#include "host-agent/qemu-module/core/qemu_abi.h"

#define FAKE_MAX_BLOCKS	8
#define FAKE_MAX_TIMERS	5

/**
 * struct fake_timer - what the main loop is to call when time has passed
 * @timer: the extension's
 * @fn:    its callback
 * @set:   it runs
 * @ns:    the time that it was set to, from then on
 */
struct fake_timer {
	const struct qemu_timer *timer;
	qemu_call_fn *fn;
	bool set;
	int64_t ns;
};

/**
 * struct RAMBlock - a fake one
 * @host:    its memory; never dereferenced by the extension
 * @len:     bytes
 * @gpa:     where the guest sees it
 * @ignored: left out of the migration
 * @device:  owned by a device, not by a memory backend
 * @gone:    unplugged: the guest does not see it any more
 * @prealloc: property of the backend
 * @readonly: property of the backend
 * @unreserved: property reserve of the backend is off
 * @shared:  mapped shared
 * @fd:      its file, -1: none
 * @page:    bytes of a page; the word after it is @bmap, as in QEMU
 * @bmap:    dirty to the migration, and collected: to be sent
 * @refs:    references to its memory region that the extension holds
 * @cleared: one flag per chunk: its log was cleared
 */
struct RAMBlock {
	u8 *host;
	u64 len;
	u64 gpa;
	bool ignored;
	bool device;
	bool gone;
	bool prealloc;
	bool readonly;
	bool unreserved;
	bool shared;
	int fd;
	u64 page;
	u64 *bmap;
	unsigned int refs;
	bool *cleared;
};

/**
 * struct fake_qemu - what tests set and look at
 * @block:       RAM blocks
 * @blocks:      how many
 * @chunk_shift: x-clear-bitmap-shift, or -1: the property does not exist
 * @remaining:   bytes that QEMU has still to send
 * @sent:        pages that it has sent
 * @mbps:        bandwidth that query-migrate shows; 0: it has no answer
 * @status:      status that it shows, NULL: none
 * @answers_kept: answers of query-migrate that the extension has put away
 * @downtime_ms: downtime-limit
 * @downtime_sets: how often it was set
 * @downtime_last: last value that it was set to
 * @hides_downtime: x-downtime-limit does not exist
 * @freezes_downtime: x-downtime-limit does not follow
 * @refuses_parameters: migrate-set-parameters fails
 * @switchover_bandwidth: avail-switchover-bandwidth; 0: the property does not exist
 * @clock_us:    QEMU's clock
 * @shm:         region behind the memory backend, with a guest's voice in it
 * @shm_size:    bytes
 * @shm_fd:      of its file, or -1
 * @warnings:    lines in QEMU's log
 * @shm_ignored: the region is left out of the migration
 * @shm_clean:   bytes of the region that were taken out of the dirty bitmap, from @shm_clean_at
 * @shm_cleans:  how often
 * @unmapped:    its device decodes no memory
 * @listener:    the extension's memory listener
 * @backend:     does object "freehint" exist?
 * @generation:  which backend it is, 0 or 1: another one takes the id of one that is gone
 * @pins:        references to its memory that the extension holds
 * @running:     guest runs
 * @bql:         this thread holds the big lock
 * @bql_drops:   how often the extension has dropped it
 * @meanwhile:   called once when it drops it: what other threads do
 * @incoming:    an incoming postcopy is under way
 * @postcopy:    capability postcopy-ram
 * @bitmaps:     capability dirty-bitmaps
 * @snapshot:    capability background-snapshot
 * @colo:        capability
 * @notifier:    the extension's precopy notifier
 * @state:       its VM state handler
 * @early:       the one that comes before devices
 * @reset:       its reset handler
 * @memory:      its notifier of new memory
 * @bottom_half: what the main loop is to call, once
 * @timer:       all timers
 * @timer_set:   one of them runs
 * @hints:       hints of at least a page that reached the dirty bitmap
 * @arms:        hints of less than a page
 * @armed_late:  arms that came while a round was published already
 * @armed_with_bql: arms with the big lock held
 * @armed_unheld: arms of a block to which no reference is held
 * @cpus:        vCPUs that are plugged, one bit for each index
 * @tlb_resets:  vCPUs whose TLB was reset
 * @tlb_waits:   waits for vCPUs that came after at least one reset
 * @probes:      calls of gpa2hva
 * @error:       text of the last error that was set
 */
struct fake_qemu {
	struct RAMBlock block[FAKE_MAX_BLOCKS];
	unsigned int blocks;
	int chunk_shift;
	u64 remaining;
	u64 sent;
	double mbps;
	const char *status;
	unsigned int answers_kept;
	u64 downtime_ms;
	unsigned int downtime_sets;
	u64 downtime_last;
	bool hides_downtime;
	bool freezes_downtime;
	bool refuses_parameters;
	u64 switchover_bandwidth;
	u64 clock_us;
	void *shm;
	u64 shm_size;
	int shm_fd;
	unsigned int warnings;
	bool shm_ignored;
	u64 shm_clean;
	u64 shm_clean_at;
	unsigned int shm_cleans;
	bool unmapped;
	struct qemu_memory_listener *listener;
	bool backend;
	unsigned int generation;
	int pins;
	bool running;
	bool bql;
	unsigned int bql_drops;
	void (*meanwhile)(void);
	bool incoming;
	bool postcopy;
	bool bitmaps;
	bool snapshot;
	bool colo;
	struct qemu_notifier *notifier;
	qemu_state_fn *state;
	qemu_state_fn *early;
	qemu_reset_fn *reset;
	struct qemu_ram_notifier *memory;
	qemu_call_fn *bottom_half;
	struct fake_timer timer[FAKE_MAX_TIMERS];
	bool timer_set;
	unsigned int hints;
	unsigned int arms;
	unsigned int armed_late;
	unsigned int armed_with_bql;
	unsigned int armed_unheld;
	u64 cpus;
	unsigned int tlb_resets;
	unsigned int tlb_waits;
	unsigned int probes;
	char error[256];
};

extern struct fake_qemu fake;

/** fake_qemu_init() - fill the extension's symbol table; forget everything else */
void fake_qemu_init(void);

/** fake_region_new() - a zeroed, page-aligned region; free() it; NULL: no memory */
void *fake_region_new(u64 size);

/** fake_qemu_is_old_tcg() - be a QEMU 7.2 under TCG, with two vCPUs */
void fake_qemu_is_old_tcg(void);

/** fake_add_block() - add RAM of @len bytes at @gpa; owned by the fake */
struct RAMBlock *fake_add_block(u64 gpa, u64 len);

/** fake_block_at() - the block that the guest sees at @gpa, NULL: there is none */
struct RAMBlock *fake_block_at(u64 gpa);

/** fake_memory_added() - a block was allocated; then the main loop comes round */
void fake_memory_added(void);

/** fake_region_del() - the guest's memory map is about to lose @region, a MemoryRegion */
void fake_region_del(const void *region);

/** fake_time_passes() - every timer that was set runs out */
void fake_time_passes(void);

/** fake_notify() - call the precopy notifier, as the migration thread does */
void fake_notify(enum qemu_precopy_reason reason);

#endif /* FREEHINT_FAKE_QEMU_H */
