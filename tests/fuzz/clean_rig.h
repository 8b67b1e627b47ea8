/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory, a gate that keeps what it is given, and the model of what
 * x-freehint-mark-clean may take, for fuzz_mark_clean.c.
 */
#ifndef FREEHINT_CLEAN_RIG_H
#define FREEHINT_CLEAN_RIG_H

#include <jansson.h>

#include "fuzz.h"

#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"
#include "include/freehint/shm_layout.h"

/* Blocks of the fake guest, see clean_rig.c. */
#define CLEAN_BLOCKS	7

/* The round that is open. */
#define CLEAN_ROUND	5000ULL

/** clean_rig_start() - memory, armed or not, and a gate, open or not, as @how says */
void clean_rig_start(u8 how);

/** clean_rig_is_open() - is there a guest and an open round with room? */
bool clean_rig_is_open(void);

/** clean_rig_allows() - the model: may a command with these ranges be taken? */
bool clean_rig_allows(const struct freehint_range *range, unsigned int count);

/** clean_rig_expect() - these are the ranges of the command to come */
void clean_rig_expect(const struct freehint_range *range, unsigned int count);

/** clean_rig_check() - was the right thing queued? @answer is the command's, NULL: refused */
void clean_rig_check(const json_t *answer);

#endif /* FREEHINT_CLEAN_RIG_H */
