/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pass of the running migration. Call everything under the BQL.
 */
#ifndef FREEHINT_PASS_H
#define FREEHINT_PASS_H

#include "../../../include/freehint/types.h"

/** pass_now() - pass of the running migration, from 1; 0 if there is none */
u32 pass_now(void);

/** pass_begin() - a sync is over, and the next pass begins */
void pass_begin(void);

/** pass_end() - the migration is over */
void pass_end(void);

#endif /* FREEHINT_PASS_H */
