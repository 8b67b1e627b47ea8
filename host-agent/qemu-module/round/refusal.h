/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decides whether hints are possible: checks the capabilities of the migration and the guest's
 * hello, and words the reason for x-query-freehint.
 */
#ifndef FREEHINT_REFUSAL_H
#define FREEHINT_REFUSAL_H

#include "../../../include/freehint/types.h"

/**
 * refusal_in_pass() - why no page may be hinted
 * @pass: pass of the migration; 0: only reasons that hold in every pass
 *
 * Context: BQL held; the result is valid until it is dropped.
 *
 * Return: a static string, NULL if hints are possible.
 */
const char *refusal_in_pass(u32 pass);

#endif /* FREEHINT_REFUSAL_H */
