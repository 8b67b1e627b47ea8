// SPDX-License-Identifier: GPL-2.0
/*
 * Words the reason why the guest reports no free page, from its hello.
 */
#include "../../../include/freehint/qmp_names.h"
#include "../../../include/freehint/shm_layout.h"
#include "bar.h"
#include "guest_refusal.h"

const char *guest_refusal(void)
{
	struct freehint_guest_hello hello;

	switch (bar_guest(&hello)) {
	case 0:
		break;
	case -EBUSY:
		return GUEST_REFUSAL_SHARED;
	case -EPROTO:
		return hello.version > FREEHINT_VERSION ?
		       "the guest module uses a newer version; update freehint of the host" :
		       "the guest module uses an older version; update freehint of the guest";
	case -EINVAL:
		return "the guest's hello is not valid; update freehint of the guest";
	default:
		return FREEHINT_REFUSED_NO_MODULE "; load freehint.ko in the guest, or see the "
		       "guest's kernel log";
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
