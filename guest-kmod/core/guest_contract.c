// SPDX-License-Identifier: GPL-2.0
/*
 * Determines the contract: what a free page of this kernel must read as when it is
 * allocated again, and hence whether the host may skip it.
 *
 * A skipped page arrives as whatever the destination had: zero if it was never sent,
 * old bytes if an earlier pass sent it.
 *
 *  - Most kernels: the next owner overwrites the page, so any content is correct.
 *  - init_on_free=1: the page must be zero, so only pages that were never sent may be
 *    skipped. This is known in the first pass only.
 *  - page_poison=1: the kernel checks a pattern at the allocation. Refused.
 *  - A kernel that records which free pages are zero: none was tried. Refused, or the
 *    zero contract with allow_untested_kernel=1.
 *  - A kernel newer than any that was tried: no contract would be safe. Refused.
 *
 * Poisoning takes precedence over zeroing, as it does in the kernel. The kernel makes the
 * same two checks after hibernation, in clear_or_poison_free_page().
 *
 * docs/guest-module.md has the reasons for each case.
 */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "../compat/compat.h"
#include "guest_contract.h"
#include "guest_params.h"

static u16 refusal_now(void)
{
	if (!READ_ONCE(guest_params.report))
		return FREEHINT_REFUSAL_ADMIN;
	if (compat_poisoning_enabled())
		return FREEHINT_REFUSAL_POISON;
	if (READ_ONCE(guest_params.allow_untested_kernel))
		return FREEHINT_REFUSAL_NONE;
	if (COMPAT_TRACKS_ZEROED)
		return FREEHINT_REFUSAL_PREZERO;
	if (!COMPAT_IS_TESTED)
		return FREEHINT_REFUSAL_KERNEL;
	return FREEHINT_REFUSAL_NONE;
}

struct guest_contract guest_contract_now(void)
{
	struct guest_contract now = { .refusal = refusal_now() };

	if (now.refusal != FREEHINT_REFUSAL_NONE)
		now.contract = FREEHINT_CONTRACT_REFUSED;
	else if (want_init_on_free() || COMPAT_TRACKS_ZEROED)
		now.contract = FREEHINT_CONTRACT_ZERO;
	else
		now.contract = FREEHINT_CONTRACT_DEAD;
	return now;
}

bool guest_contract_allows(u16 contract, u32 pass)
{
	switch (contract) {
	case FREEHINT_CONTRACT_DEAD:
		return true;
	case FREEHINT_CONTRACT_ZERO:
		return pass == 1;
	default:
		return false;
	}
}

const char *guest_contract_reason(u16 refusal)
{
	static const char * const reasons[] = {
		[FREEHINT_REFUSAL_NONE] = "none",
		[FREEHINT_REFUSAL_POISON] = "page_poison=1: free pages are checked; boot without it",
		[FREEHINT_REFUSAL_ADMIN] = "report=0: refused by the administrator; set it to 1",
		[FREEHINT_REFUSAL_KERNEL] = "this kernel is newer than " COMPAT_NEWEST_TRIED
			", the newest that was tried; allow_untested_kernel=1 reports all the same, at your own risk",
		[FREEHINT_REFUSAL_PREZERO] = "this kernel records which free pages are zero; allow_untested_kernel=1 reports all the same, at your own risk",
	};

	return refusal < ARRAY_SIZE(reasons) ? reasons[refusal] : "unknown";
}
