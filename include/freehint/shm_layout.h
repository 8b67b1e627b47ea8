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
#define FREEHINT_VERSION	3
#define FREEHINT_VERSION_MIN	1
#endif

/* First version in which the guest publishes freehint_guest_beat.poll_us. */
#define FREEHINT_VERSION_POLL	2
/* First version in which the guest offers free blocks, whose memory the host may discard. */
#define FREEHINT_VERSION_GIVE_BACK	3

#define FREEHINT_PAGE_SHIFT	12
#define FREEHINT_PAGE_SIZE	(1ULL << FREEHINT_PAGE_SHIFT)
#define FREEHINT_LINE		64
#define FREEHINT_HEADER_SIZE	4096
#define FREEHINT_WORD_BITS	64

/*
 * What the guest may load while its device decodes no memory; QEMU gives it zeros. Its stores
 * are lost then.
 */
#define FREEHINT_ALL_ONES	0xffffffffffffffffULL

/* A round id is never 0 and always fits a signed 64-bit JSON integer. */
#define FREEHINT_NO_ROUND	0ULL
#define FREEHINT_ROUND_MAX	0x7fffffffffffffffULL

/* Giving memory back: no session, no offer, and the room for blocks in one offer. */
#define FREEHINT_NO_SESSION	0ULL
#define FREEHINT_NO_OFFER	0ULL
#define FREEHINT_OFFER_BLOCKS	128
/* A sequence shares its word with enum freehint_answer, and no such word is all ones. */
#define FREEHINT_OFFER_MAX	0x3ffffffffffffffeULL
#define FREEHINT_ANSWER_BITS	2
/* An offered block is one word: the first pfn, and the order in the top byte. */
#define FREEHINT_BLOCK_PFN_BITS	48
#define FREEHINT_BLOCK_ORDER_SHIFT	56
/* 2^18 pages are 1 GiB; the allocator's highest order is 10 on x86. */
#define FREEHINT_BLOCK_MAX_ORDER	18

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
 * @FREEHINT_REFUSAL_PAGE_SIZE:   the guest's pages are not 4 KiB, and its module (an older one)
 *                                cannot convert them. Current modules never write it.
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
 * enum freehint_give_back - can this guest give free memory back?
 * @FREEHINT_GIVE_BACK_UNKNOWN:   a guest before FREEHINT_VERSION_GIVE_BACK
 * @FREEHINT_GIVE_BACK_POSSIBLE:  nothing stands against it so far
 * @FREEHINT_GIVE_BACK_NO_KERNEL: the kernel was built without CONFIG_PAGE_REPORTING
 * @FREEHINT_GIVE_BACK_BUSY:      another driver has page reporting, usually
 *                                virtio-balloon with free-page-reporting=on
 * @FREEHINT_GIVE_BACK_CONTRACT:  the guest reports no page at all, see its refusal
 * @FREEHINT_GIVE_BACK_ADMIN:     the guest's administrator set give_back=0
 * @FREEHINT_GIVE_BACK_FAILED:    the kernel refused for another reason; its log has it
 */
enum freehint_give_back {
	FREEHINT_GIVE_BACK_UNKNOWN = 0,
	FREEHINT_GIVE_BACK_POSSIBLE = 1,
	FREEHINT_GIVE_BACK_NO_KERNEL = 2,
	FREEHINT_GIVE_BACK_BUSY = 3,
	FREEHINT_GIVE_BACK_CONTRACT = 4,
	FREEHINT_GIVE_BACK_ADMIN = 5,
	FREEHINT_GIVE_BACK_FAILED = 6,
};

/**
 * enum freehint_answer - what the host did with an offer
 * @FREEHINT_ANSWER_NONE:     nothing yet; the guest may withdraw
 * @FREEHINT_ANSWER_TAKEN:    the host may be discarding; only the host ends this
 * @FREEHINT_ANSWER_DONE:     the host touches no block any more; what may be discarded was
 * @FREEHINT_ANSWER_DECLINED: the host touches no block any more; some may be discarded
 */
enum freehint_answer {
	FREEHINT_ANSWER_NONE = 0,
	FREEHINT_ANSWER_TAKEN = 1,
	FREEHINT_ANSWER_DONE = 2,
	FREEHINT_ANSWER_DECLINED = 3,
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
 * @pass:     pass of the migration, from 1; 0: nothing migrates
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
 * @page_shift:  log2 of the page size that pfns and bits mean: always FREEHINT_PAGE_SHIFT,
 *               whatever the guest's kernel has
 * @contract:    enum freehint_contract
 * @refusal:     enum freehint_refusal
 * @max_order:   highest allocator order that the guest reports
 * @give_back:   enum freehint_give_back; since version 3
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
	u32 give_back;
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
 * struct freehint_give_back_request - line 6, written by the QEMU extension
 * @session:  while the host asks for memory a number that was never used before, else
 *            FREEHINT_NO_SESSION; written last
 * @order:    smallest order of a block that is worth an offer, from 1
 * @pad:      zero
 * @leave:    free memory that the guest keeps, pages
 * @reserved: zero
 *
 * The lines from here on are new in version 3.
 */
struct freehint_give_back_request {
	u64 session;
	u32 order;
	u32 pad;
	u64 leave;
	u64 reserved[5];
};

/**
 * struct freehint_give_back_answer - line 7, written by the QEMU extension
 * @answer:   sequence of an offer << FREEHINT_ANSWER_BITS | enum freehint_answer
 * @reserved: zero
 */
struct freehint_give_back_answer {
	u64 answer;
	u64 reserved[7];
};

/**
 * struct freehint_give_back_state - line 8, written by the guest module
 * @session:  the session that the other fields count; written last
 * @drained:  how often nothing more was found to offer, or only what was freed meanwhile
 * @offers:   offers published, or tried: see @withdrawn
 * @pages:    pages of the offers that the host answered with DONE
 * @withdrawn: offers taken back before the host had taken them, or not made
 * @reserved: zero
 */
struct freehint_give_back_state {
	u64 session;
	u64 drained;
	u64 offers;
	u64 pages;
	u64 withdrawn;
	u64 reserved[3];
};

/**
 * struct freehint_offer - lines 9 to 25, written by the guest module
 * @sequence: number that this guest never used before, at most FREEHINT_OFFER_MAX, or
 *            FREEHINT_NO_OFFER; written last, cleared first
 * @session:  session that asked for the offer
 * @count:    blocks in @block, 1 to FREEHINT_OFFER_BLOCKS
 * @pad:      zero
 * @reserved: zero
 * @block:    first pfn of a block | order << FREEHINT_BLOCK_ORDER_SHIFT. The pfn is a
 *            multiple of 1 << order
 */
struct freehint_offer {
	u64 sequence;
	u64 session;
	u32 count;
	u32 pad;
	u64 reserved[5];
	u64 block[FREEHINT_OFFER_BLOCKS];
};

#define FREEHINT_OFFER_LINES	(1 + FREEHINT_OFFER_BLOCKS * 8 / FREEHINT_LINE)

/**
 * struct freehint_shm - the header page of the region; the bitmap follows it
 * @host_hello:     line 0
 * @host_request:   line 1
 * @guest_hello:    line 2
 * @guest_beat:     line 3
 * @guest_progress: line 4
 * @guest_seal:     line 5
 * @give_back_request: line 6
 * @give_back_answer: line 7
 * @give_back_state: line 8
 * @offer:          lines 9 to 25
 * @reserved:       unused, up to the end of the page
 */
struct freehint_shm {
	struct freehint_host_hello host_hello;
	struct freehint_host_request host_request;
	struct freehint_guest_hello guest_hello;
	struct freehint_guest_beat guest_beat;
	struct freehint_guest_progress guest_progress;
	struct freehint_guest_seal guest_seal;
	struct freehint_give_back_request give_back_request;
	struct freehint_give_back_answer give_back_answer;
	struct freehint_give_back_state give_back_state;
	struct freehint_offer offer;
	u8 reserved[FREEHINT_HEADER_SIZE - (9 + FREEHINT_OFFER_LINES) * FREEHINT_LINE];
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
FREEHINT_ASSERT_LINE(give_back_request, 6);
FREEHINT_ASSERT_LINE(give_back_answer, 7);
FREEHINT_ASSERT_LINE(give_back_state, 8);
static_assert(offsetof(struct freehint_shm, offer) == 9 * FREEHINT_LINE,
	      "the offer starts with line 9");
static_assert(sizeof(struct freehint_offer) == FREEHINT_OFFER_LINES * FREEHINT_LINE,
	      "the offer is whole cache lines");
static_assert(sizeof(struct freehint_shm) == FREEHINT_HEADER_SIZE,
	      "the header is not one page");
static_assert(offsetof(struct freehint_host_hello, magic) == 0 &&
	      offsetof(struct freehint_host_hello, version_min) == 8 &&
	      offsetof(struct freehint_host_hello, version) == 10,
	      "magic and version window must never move");

#endif /* FREEHINT_SHM_LAYOUT_H */
