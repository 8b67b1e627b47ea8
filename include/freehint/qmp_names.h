/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of the QMP commands and arguments, and the binary range record. The QEMU
 * extension registers them and the agent sends them. docs/qmp-commands.md explains them.
 */
#ifndef FREEHINT_QMP_NAMES_H
#define FREEHINT_QMP_NAMES_H

#include "types.h"

#define FREEHINT_QMP_START	"x-freehint-start"
#define FREEHINT_QMP_STOP	"x-freehint-stop"
#define FREEHINT_QMP_QUERY	"x-query-freehint"
#define FREEHINT_QMP_MARK	"x-freehint-mark-clean"
#define FREEHINT_QMP_MAP	"x-freehint-map"
#define FREEHINT_QMP_GIVE_BACK	"x-freehint-give-back"
#define FREEHINT_QMP_DISCARD	"x-freehint-discard"
#define FREEHINT_QMP_WAKE	"x-freehint-wake"

/* arguments of x-freehint-mark-clean */
#define FREEHINT_ARG_ROUND	"round"
#define FREEHINT_ARG_RANGES	"ranges"	/* list of {start, length} */
#define FREEHINT_ARG_START	"start"		/* guest physical, bytes */
#define FREEHINT_ARG_LENGTH	"length"	/* bytes */
#define FREEHINT_ARG_FDNAME	"fdname"	/* name given to getfd */
#define FREEHINT_ARG_COUNT	"count"		/* records in the file */
#define FREEHINT_ARG_LAST	"last"		/* no more for this round */

/* in its answer: ranges that may follow now, those in commands without an answer included */
#define FREEHINT_ARG_ROOM	"room"

/* arguments of x-freehint-map */
#define FREEHINT_ARG_CELLS	"cells"		/* at most FREEHINT_MAX_CELLS */
#define FREEHINT_ARG_GIVEN_FROM	"given-back-from" /* page; what was given back from there on */

/* arguments of x-freehint-give-back */
#define FREEHINT_ARG_MODE	"mode"		/* "off", "once", "always" */
#define FREEHINT_ARG_ORDER	"order"		/* smallest block, 2^order pages */
#define FREEHINT_ARG_LEAVE	"leave"		/* free memory that stays, MiB */

/* arguments of x-freehint-discard, besides FREEHINT_ARG_RANGES */
#define FREEHINT_ARG_OFFER	"offer"		/* sequence of the offer */

/* How "refused" of x-query-freehint begins while nothing but the guest's module is missing. */
#define FREEHINT_REFUSED_NO_MODULE	"no guest module has published its hello"

/* Parts of error descriptions: the agent distinguishes the errors by them. */
#define FREEHINT_ERR_STALE	"is stale"
#define FREEHINT_ERR_CLOSED	"is closed"
#define FREEHINT_ERR_FULL	"that a round may have"

/**
 * struct freehint_range - one record of the file behind FREEHINT_ARG_FDNAME
 * @start:  guest physical address, bytes, a multiple of 4096
 * @length: bytes, a multiple of 4096, not 0
 *
 * Each record is the range [start, start + length). The records are in address order
 * and do not overlap. The file is regular (a memfd). QEMU reads it from offset 0 and
 * closes it.
 */
struct freehint_range {
	u64 start;
	u64 length;
};

static_assert(sizeof(struct freehint_range) == 16, "range record is 16 bytes");

#endif /* FREEHINT_QMP_NAMES_H */
