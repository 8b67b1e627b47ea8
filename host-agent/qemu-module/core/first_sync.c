// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the first sync of a migration runs. QEMU then holds the lock of its list of RAM blocks.
 */
#include "first_sync.h"

/* Guarded by the BQL. */
static bool runs;

void first_sync_note(bool it_runs)
{
	runs = it_runs;
}

bool first_sync_runs(void)
{
	return runs;
}
