/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every cap that bounds what a guest or a QMP peer can make us do, with its reason.
 */
#ifndef FREEHINT_LIMITS_H
#define FREEHINT_LIMITS_H

/*
 * Pages a bitmap may describe: 2^34 pages are 64 TiB, the 46 physical address
 * bits of today's largest x86 guests. The bitmap is then 2 GiB.
 */
#define FREEHINT_MAX_PAGES		(1ULL << 34)

/* Smallest useful region: the header page and one page of bitmap (128 MiB). */
#define FREEHINT_MIN_REGION		8192ULL

/*
 * Ranges in one mark-clean command. 4096 binary records are 64 KiB, read and
 * translated in well under a millisecond with QEMU's big lock held.
 */
#define FREEHINT_MAX_RANGES		4096

/* The same for the JSON list, which is parsed by QEMU before we see it. */
#define FREEHINT_MAX_JSON_RANGES	1024

/*
 * Ranges of one round: 2^20 of 24 bytes are a queue of 24 MiB, and some 100 ms of
 * QEMU's big lock in all, in pieces of one command. Alternate free pages of a 8 GiB
 * guest just fit; what is more is refused, and those pages are simply sent.
 */
#define FREEHINT_MAX_QUEUED		(1U << 20)

/*
 * Longest range of one mark-clean record, bytes: 16 TiB. More is not a range of
 * free memory but a sign of a broken peer.
 */
#define FREEHINT_MAX_RANGE_BYTES	(1ULL << 44)

/*
 * One call into QEMU's dirty bitmap: 1 GiB is 32 KiB of bitmap, microseconds
 * with QEMU's bitmap lock held.
 */
#define FREEHINT_APPLY_BYTES		(1ULL << 30)

/*
 * Guest memory below 1 MiB is never hinted: option ROMs are shadowed there, and
 * QEMU's devices look for them when they load their state on the destination.
 */
#define FREEHINT_FIRMWARE_END		(1ULL << 20)

/* mark-clean commands the agent keeps in flight; bounds its buffers. */
#define FREEHINT_MAX_INFLIGHT		8

/* Refused commands after which the agent gives a round up. */
#define FREEHINT_MAX_REFUSALS		8

/*
 * Cells of x-freehint-map: a picture of 64 by 64, some 70 KiB of JSON.
 */
#define FREEHINT_MAX_CELLS		4096U

/* Longest line QEMU may send to the agent, bytes. */
#define FREEHINT_MAX_QMP_LINE		(1U << 20)

/* Poll periods, microseconds: 10 Hz while off, about 1 kHz once started. */
#define FREEHINT_POLL_IDLE_US		100000
#define FREEHINT_POLL_FAST_US		1000

#endif /* FREEHINT_LIMITS_H */
