// SPDX-License-Identifier: GPL-2.0
/*
 * Decides whether hints are possible: checks the capabilities of the migration and the guest's
 * hello, and words the reason for x-query-freehint.
 *
 * postcopy-ram is refused if the extension cannot recognise this QEMU's switch (switchover.c).
 * background-snapshot writes each page once and ignores the dirty log. COLO continues to sync
 * after the switch without calling these notifiers.
 */
#include "../../../include/freehint/shm_layout.h"
#include "../core/bar.h"
#include "../core/qemu_abi.h"
#include "refusal.h"
#include "../postcopy/switchover.h"

static const char *capability_refusal(void)
{
	if (qemu.migrate_postcopy_ram() && switchover_refusal())
		return switchover_refusal();
	if (qemu.migrate_background_snapshot())
		return "background-snapshot capability is set";
	if (qemu.colo())
		return "x-colo capability is set";
	return NULL;
}

static const char *guest_refusal(void)
{
	struct freehint_guest_hello hello;

	switch (bar_guest(&hello)) {
	case 0:
		break;
	case -EPROTO:
		return hello.version > FREEHINT_VERSION ?
		       "the guest module uses a newer version; update freehint of the host" :
		       "the guest module uses an older version; update freehint of the guest";
	case -EINVAL:
		return "the guest's hello is not valid; update freehint of the guest";
	default:
		return "no guest module has published its hello; load freehint.ko in the "
		       "guest, or see the guest's kernel log";
	}
	if (hello.contract != FREEHINT_CONTRACT_REFUSED)
		return NULL;
	switch (hello.refusal) {
	case FREEHINT_REFUSAL_POISON:
		return "the guest checks free pages for a poison pattern (page_poison=1)";
	case FREEHINT_REFUSAL_PAGE_SIZE:
		return "the guest's pages are not 4 KiB";
	case FREEHINT_REFUSAL_KERNEL:
		return "the guest's kernel is newer than any that its freehint.ko was tried on; "
		       "update freehint of the guest, or set its allow_untested_kernel=1";
	case FREEHINT_REFUSAL_PREZERO:
		return "the guest's kernel records which free pages are zero (PG_zeroed, "
		       "CONFIG_PAGE_PREZERO)";
	default:
		return "the guest's administrator switched reporting off (report=0)";
	}
}

const char *refusal_in_pass(u32 pass)
{
	struct freehint_guest_hello hello;
	const char *why;

	if (!bar_is_attached())
		return "no shared memory";
	why = capability_refusal();
	if (!why)
		why = guest_refusal();
	if (why)
		return why;
	if (pass > 1 && !bar_guest(&hello) && hello.contract == FREEHINT_CONTRACT_ZERO)
		return "free pages of this guest must read as zero (init_on_free=1): "
		       "hints are valid in the first pass only";
	return NULL;
}
