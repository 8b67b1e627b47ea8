// SPDX-License-Identifier: GPL-2.0
/*
 * Decides whether hints are possible: checks the capabilities of the migration and the guest's
 * hello, and words the reason for x-query-freehint.
 *
 * postcopy-ram is refused if the extension cannot recognise this QEMU's switch (switchover.c).
 * background-snapshot writes each page once and ignores the dirty log. COLO's checkpoints call
 * the notifiers without the BQL (colo_do_checkpoint_transaction()), and a round needs it.
 */
#include "../../../include/freehint/shm_layout.h"
#include "../core/bar.h"
#include "../core/guest_refusal.h"
#include "../core/qemu_abi.h"
#include "../postcopy/switchover.h"
#include "refusal.h"

#define CLEAR_IT	"for hints clear it with migrate-set-capabilities"

static const char *capability_refusal(void)
{
	if (qemu.migrate_postcopy_ram() && switchover_refusal())
		return switchover_refusal();
	if (qemu.migrate_background_snapshot())
		return "background-snapshot capability is set; " CLEAR_IT;
	if (qemu.colo())
		return "x-colo capability is set; " CLEAR_IT;
	return NULL;
}

const char *refusal_in_pass(u32 pass)
{
	struct freehint_guest_hello hello;
	const char *why;

	if (!bar_is_attached())
		return bar_missing();
	why = capability_refusal();
	if (!why)
		why = guest_refusal();
	if (why)
		return why;
	if (pass > 1 && !bar_read_guest_hello(&hello) && hello.contract == FREEHINT_CONTRACT_ZERO)
		return "free pages of this guest must read as zero (init_on_free=1): "
		       "hints are valid in the first pass only; later ones go without";
	return NULL;
}
