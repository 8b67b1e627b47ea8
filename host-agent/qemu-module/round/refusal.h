/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stands against hinting: the capabilities of the migration, and what the guest
 * has said of itself, in words for x-query-freehint.
 */
#ifndef FREEHINT_REFUSAL_H
#define FREEHINT_REFUSAL_H

#include "../../../include/freehint/types.h"

/**
 * refusal_in_pass() - why no page may be hinted
 * @pass: pass of the migration; 0 asks for what stands against it in any pass
 *
 * Context: BQL held; true until it is dropped.
 *
 * Return: a sentence that never goes away, NULL if nothing is wrong.
 */
const char *refusal_in_pass(u32 pass);

#endif /* FREEHINT_REFUSAL_H */
