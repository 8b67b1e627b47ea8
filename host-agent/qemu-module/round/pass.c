// SPDX-License-Identifier: GPL-2.0
/*
 * The pass of the running migration.
 */
#include "pass.h"

/* Guarded by the BQL. */
static u32 pass;

u32 pass_now(void)
{
	return pass;
}

void pass_begin(void)
{
	pass++;
}

void pass_end(void)
{
	pass = 0;
}
