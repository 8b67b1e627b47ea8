/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits on what a guest or a QMP peer can make us do, each with its reason.
 */
#ifndef FREEHINT_LIMITS_H
#define FREEHINT_LIMITS_H

/*
 * Most pages in a bitmap: 2^34 pages are 64 TiB, the 46 physical address bits of
 * today's largest x86 guests. The bitmap is then 2 GiB.
 */
#define FREEHINT_MAX_PAGES		(1ULL << 34)

/* Smallest useful region: the header page and one page of bitmap (128 MiB). */
#define FREEHINT_MIN_REGION		8192ULL

/*
 * Most ranges in one mark-clean command. 4096 binary records are 64 KiB. QEMU reads and
 * translates them in well under a millisecond with its big lock held.
 */
#define FREEHINT_MAX_RANGES		4096

/* The same for the JSON list, which QEMU parses before it calls us. */
#define FREEHINT_MAX_JSON_RANGES	1024

/*
 * Most ranges that wait for QEMU's dirty bitmap: 2^20 ranges of 32 bytes are a queue of
 * 32 MiB. Applied ranges make room for others, so a round may have more. The agent sends no
 * more than there is room for; a command beyond that is refused.
 */
#define FREEHINT_MAX_QUEUED		(1U << 20)

/*
 * Longest range in one mark-clean record, bytes: 16 TiB. A longer range is no free
 * memory but a sign of a broken peer.
 */
#define FREEHINT_MAX_RANGE_BYTES	(1ULL << 44)

/*
 * Most guest memory in one call into QEMU's dirty bitmap, bytes: 1 GiB is 32 KiB of
 * bitmap. One call holds QEMU's bitmap lock for microseconds.
 */
#define FREEHINT_APPLY_BYTES		(1ULL << 30)

/*
 * Most ranges that the apply thread takes from the queue at a time. Taking costs as much as
 * clearing some pages; a wait sees the progress of some ten microseconds.
 */
#define FREEHINT_APPLY_RANGES		128

/*
 * Guest memory below 1 MiB is never hinted: option ROMs are shadowed there, and QEMU's
 * devices search for them when they load their state on the destination.
 */
#define FREEHINT_FIRMWARE_END		(1ULL << 20)

/*
 * Longest reason that the extension words, with its terminator. Its readers have this much room,
 * and 50 bytes are left for what they put before it.
 */
#define FREEHINT_REASON_MAX		256

/*
 * QEMU's downtime-limit while the first pass is sent, milliseconds. With 0 QEMU would stop the
 * guest without a sync before.
 */
#define FREEHINT_STOP_HOLD_MS		1U

/* Most mark-clean commands that the agent keeps in flight; bounds its buffers. */
#define FREEHINT_MAX_INFLIGHT		8

/* The agent gives up a round after this many refused commands. */
#define FREEHINT_MAX_REFUSALS		8

/*
 * Most cells of x-freehint-map: a picture of 64 by 64, some 70 KiB of JSON.
 */
#define FREEHINT_MAX_CELLS		4096U

/* Default smallest block of mode always: 2 MiB, so that no huge page of the host is broken up. */
#define FREEHINT_GIVE_BACK_ORDER_ALWAYS	9

/*
 * Default smallest block of mode once: 256 KiB. A used guest then keeps 1 % more than it uses;
 * with 2 MiB it keeps 12 % more.
 */
#define FREEHINT_GIVE_BACK_ORDER_ONCE	6

/* Most free memory that a request can leave to the guest, MiB: 64 TiB. */
#define FREEHINT_GIVE_BACK_MAX_LEAVE	(1U << 26)

/* Longest line that QEMU may send to the agent or the tool, bytes. */
#define FREEHINT_MAX_QMP_LINE		(1U << 20)

/* Poll periods, microseconds: 10 Hz while off, about 1 kHz once reporting was started. */
#define FREEHINT_POLL_IDLE_US		100000
#define FREEHINT_POLL_FAST_US		1000

#endif /* FREEHINT_LIMITS_H */
