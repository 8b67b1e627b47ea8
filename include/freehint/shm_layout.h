/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout of the ivshmem BAR: one cache line per struct, each with one writer, then the
 * bitmap of free pages. proto/SPEC.md defines the meaning. Only proto/ accesses it.
 */
#ifndef FREEHINT_SHM_LAYOUT_H
#define FREEHINT_SHM_LAYOUT_H

#include "types.h"

/* "FREEHINT" as a little-endian number */
#define FREEHINT_MAGIC		0x544e494845455246ULL

/*
 * Version window. A side supports every version from FREEHINT_VERSION_MIN to
 * FREEHINT_VERSION. The guest picks the highest version that both windows contain.
 * Tests build sides with other windows.
 */
#ifndef FREEHINT_VERSION
#define FREEHINT_VERSION	2
#define FREEHINT_VERSION_MIN	1
#endif

/* First version in which the guest publishes freehint_guest_beat.poll_us. */
#define FREEHINT_VERSION_POLL	2

#define FREEHINT_PAGE_SHIFT	12
#define FREEHINT_PAGE_SIZE	(1ULL << FREEHINT_PAGE_SHIFT)
#define FREEHINT_LINE		64
#define FREEHINT_HEADER_SIZE	4096
#define FREEHINT_WORD_BITS	64

/* A round id is never 0 and always fits a signed 64-bit JSON integer. */
#define FREEHINT_NO_ROUND	0ULL
#define FREEHINT_ROUND_MAX	0x7fffffffffffffffULL

/**
 * enum freehint_phase - what the host requests from the guest
 * @FREEHINT_PHASE_OFF:   nothing; the guest polls slowly
 * @FREEHINT_PHASE_READY: reporting was started; the guest polls fast
 * @FREEHINT_PHASE_ROUND: a round is open; freehint_host_request.round is its id
 */
enum freehint_phase {
	FREEHINT_PHASE_OFF = 0,
	FREEHINT_PHASE_READY = 1,
	FREEHINT_PHASE_ROUND = 2,
};

/**
 * enum freehint_contract - what a free page of this guest must read as
 * @FREEHINT_CONTRACT_NONE:    no guest has published a hello
 * @FREEHINT_CONTRACT_DEAD:    anything: its content is dead
 * @FREEHINT_CONTRACT_ZERO:    zero (init_on_free=1): only pages that were never sent may
 *                             be skipped, so hints are valid in pass 1 only
 * @FREEHINT_CONTRACT_REFUSED: see enum freehint_refusal; the guest reports no page
 */
enum freehint_contract {
	FREEHINT_CONTRACT_NONE = 0,
	FREEHINT_CONTRACT_DEAD = 1,
	FREEHINT_CONTRACT_ZERO = 2,
	FREEHINT_CONTRACT_REFUSED = 3,
};

/**
 * enum freehint_refusal - why the contract is REFUSED
 * @FREEHINT_REFUSAL_NONE:        the contract is not REFUSED
 * @FREEHINT_REFUSAL_POISON:      page_poison=1: free pages hold a pattern that the
 *                                kernel checks at the allocation
 * @FREEHINT_REFUSAL_PAGE_SIZE:   the guest's pages are not 4 KiB
 * @FREEHINT_REFUSAL_ADMIN:       the guest's administrator set report=0
 * @FREEHINT_REFUSAL_KERNEL:      the guest's kernel is newer than any on which the
 *                                module was tried
 * @FREEHINT_REFUSAL_PREZERO:     the guest's kernel records which free pages are zero
 */
enum freehint_refusal {
	FREEHINT_REFUSAL_NONE = 0,
	FREEHINT_REFUSAL_POISON = 1,
	FREEHINT_REFUSAL_PAGE_SIZE = 2,
	FREEHINT_REFUSAL_ADMIN = 3,
	FREEHINT_REFUSAL_KERNEL = 4,
	FREEHINT_REFUSAL_PREZERO = 5,
};

/**
 * enum freehint_seal_status - how a round ended on the guest's side
 * @FREEHINT_SEAL_NONE:     not sealed
 * @FREEHINT_SEAL_COMPLETE: the scan covered every page below the watermark
 * @FREEHINT_SEAL_DECLINED: the contract forbids hints in this pass; no bit is set
 * @FREEHINT_SEAL_ABORTED:  the scan was stopped early (unload, newer round); the bits
 *                          below the watermark are valid all the same
 */
enum freehint_seal_status {
	FREEHINT_SEAL_NONE = 0,
	FREEHINT_SEAL_COMPLETE = 1,
	FREEHINT_SEAL_DECLINED = 2,
	FREEHINT_SEAL_ABORTED = 3,
};

/**
 * struct freehint_host_hello - line 0, written by the QEMU extension
 * @magic:         FREEHINT_MAGIC, written last
 * @version_min:   lowest version that the host supports
 * @version:       highest version that the host supports
 * @header_size:   bytes before the bitmap: FREEHINT_HEADER_SIZE
 * @instance:      random, not 0; changes with every QEMU process and guest reset
 * @region_size:   bytes of the whole region
 * @bitmap_offset: bytes from the start of the region to the bitmap
 * @capacity:      bits (4 KiB pages) in the bitmap
 * @reserved:      zero
 */
struct freehint_host_hello {
	u64 magic;
	u16 version_min;
	u16 version;
	u32 header_size;
	u64 instance;
	u64 region_size;
	u64 bitmap_offset;
	u64 capacity;
	u64 reserved[2];
};

/**
 * struct freehint_host_request - line 1, written by the QEMU extension
 * @round:    id of the open round or FREEHINT_NO_ROUND; written last
 * @phase:    enum freehint_phase
 * @pass:     pass of the migration, from 1; 0 outside
 * @kicks:    grows when the host wants the guest to poll fast again although no other
 *            field of the line has changed; since version 2
 * @pad:      zero
 * @reserved: zero
 */
struct freehint_host_request {
	u64 round;
	u32 phase;
	u32 pass;
	u32 kicks;
	u32 pad;
	u64 reserved[5];
};

/**
 * struct freehint_guest_hello - line 2, written by the guest module
 * @instance:    echo of freehint_host_hello.instance, written last; any other value
 *               means that no guest has published a hello for this QEMU
 * @version:     version that the guest chose
 * @page_shift:  log2 of the guest's page size
 * @contract:    enum freehint_contract
 * @refusal:     enum freehint_refusal
 * @max_order:   highest allocator order that the guest reports
 * @pad:         zero
 * @end_pfn:     one past the highest pfn that may be free; may exceed the capacity. The
 *               guest does not report pages beyond the capacity.
 * @incarnation: random, new for each load of the module
 * @reserved:    zero
 */
struct freehint_guest_hello {
	u64 instance;
	u16 version;
	u16 page_shift;
	u16 contract;
	u16 refusal;
	u32 max_order;
	u32 pad;
	u64 end_pfn;
	u64 incarnation;
	u64 reserved[3];
};

/**
 * struct freehint_guest_beat - line 3, written by the guest module
 * @beats:    grows by one with every poll of the request line
 * @poll_us:  microseconds until the next poll; since version 2
 * @pad:      zero
 * @reserved: zero
 */
struct freehint_guest_beat {
	u64 beats;
	u32 poll_us;
	u32 pad;
	u64 reserved[6];
};

/**
 * struct freehint_guest_progress - line 4, written by the guest module
 * @round:     round whose scan fills the bitmap; written before any word of the bitmap
 * @watermark: bits [0, watermark) are final for @round; pfn, a multiple of 64
 * @reserved:  zero
 */
struct freehint_guest_progress {
	u64 round;
	u64 watermark;
	u64 reserved[6];
};

/**
 * struct freehint_guest_seal - line 5, written by the guest module
 * @round:      sealed round; written last
 * @status:     enum freehint_seal_status
 * @hold_us:    longest hold of a zone lock in this scan, microseconds
 * @free_pages: bits set in [0, end_pfn)
 * @end_pfn:    final watermark, pfn
 * @scan_us:    duration of the scan, microseconds
 * @blocks:     number of zone lock holds
 * @reserved:   zero
 */
struct freehint_guest_seal {
	u64 round;
	u32 status;
	u32 hold_us;
	u64 free_pages;
	u64 end_pfn;
	u64 scan_us;
	u64 blocks;
	u64 reserved[2];
};

/**
 * struct freehint_shm - the header page of the region; the bitmap follows it
 * @host_hello:     line 0
 * @host_request:   line 1
 * @guest_hello:    line 2
 * @guest_beat:     line 3
 * @guest_progress: line 4
 * @guest_seal:     line 5
 * @reserved:       unused, up to the end of the page
 */
struct freehint_shm {
	struct freehint_host_hello host_hello;
	struct freehint_host_request host_request;
	struct freehint_guest_hello guest_hello;
	struct freehint_guest_beat guest_beat;
	struct freehint_guest_progress guest_progress;
	struct freehint_guest_seal guest_seal;
	u8 reserved[FREEHINT_HEADER_SIZE - 6 * FREEHINT_LINE];
};

#define FREEHINT_ASSERT_LINE(member, line)					\
	static_assert(offsetof(struct freehint_shm, member) ==			\
		      (line) * FREEHINT_LINE, #member " is not line " #line);	\
	static_assert(sizeof(((struct freehint_shm *)0)->member) ==		\
		      FREEHINT_LINE, #member " is not one cache line")

FREEHINT_ASSERT_LINE(host_hello, 0);
FREEHINT_ASSERT_LINE(host_request, 1);
FREEHINT_ASSERT_LINE(guest_hello, 2);
FREEHINT_ASSERT_LINE(guest_beat, 3);
FREEHINT_ASSERT_LINE(guest_progress, 4);
FREEHINT_ASSERT_LINE(guest_seal, 5);
static_assert(sizeof(struct freehint_shm) == FREEHINT_HEADER_SIZE,
	      "the header is not one page");
static_assert(offsetof(struct freehint_host_hello, magic) == 0 &&
	      offsetof(struct freehint_host_hello, version_min) == 8 &&
	      offsetof(struct freehint_host_hello, version) == 10,
	      "magic and version window must never move");

#endif /* FREEHINT_SHM_LAYOUT_H */
