// SPDX-License-Identifier: GPL-2.0
/*
 * What a free page of this kernel must read as when it is allocated again, and
 * hence whether the host may leave it behind.
 *
 * A page that is left behind arrives as whatever the destination had: zero if it
 * was never sent, old bytes if an earlier pass sent it.
 *
 *  - Most kernels do not care: the next owner overwrites the page.
 *  - With init_on_free=1 the page was zeroed when it was freed and is not zeroed
 *    again, so old bytes would leak into the next owner: only pages that were
 *    never sent may be left behind, which is known in the first pass alone.
 *  - With page_poison=1 the pattern in a free page is checked at its allocation,
 *    and neither zero nor old bytes would pass.
 *  - A kernel that remembers which free pages are zero does not zero those again
 *    either. None was tried: refused, and zero for him who goes on at his own risk.
 *  - Of a kernel that is newer than any that was tried nothing is known. No contract
 *    would be safe with it: old bytes break one that counts on zeros, zeros break
 *    one that checks a pattern. Refused.
 *
 * Poisoning wins where both are asked for, as it does in the kernel. KASAN,
 * KMSAN and debug_pagealloc keep their state outside the page and need no word.
 *
 * The kernel asks the same two questions where it has to mend the content of free
 * pages itself, after hibernation: clear_or_poison_free_page() in 6.1, 6.12 and 7.3.
 * Where debug_pagealloc means poisoning, the key of poisoning is on as well.
 */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "compat/compat.h"
#include "guest_contract.h"
#include "guest_params.h"

static u16 refusal_now(void)
{
	if (PAGE_SHIFT != FREEHINT_PAGE_SHIFT)
		return FREEHINT_REFUSAL_PAGE_SIZE;
	if (!READ_ONCE(guest_params.report))
		return FREEHINT_REFUSAL_ADMIN;
	if (page_poisoning_enabled_static())
		return FREEHINT_REFUSAL_POISON;
	if (READ_ONCE(guest_params.allow_untested_kernel))
		return FREEHINT_REFUSAL_NONE;
	if (COMPAT_PROMISES_ZEROS)
		return FREEHINT_REFUSAL_PREZERO;
	if (!COMPAT_IS_TRIED)
		return FREEHINT_REFUSAL_KERNEL;
	return FREEHINT_REFUSAL_NONE;
}

struct guest_contract guest_contract_now(void)
{
	struct guest_contract now = { .refusal = refusal_now() };

	if (now.refusal != FREEHINT_REFUSAL_NONE)
		now.contract = FREEHINT_CONTRACT_REFUSED;
	else if (want_init_on_free() || COMPAT_PROMISES_ZEROS)
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

const char *guest_contract_name(u16 contract)
{
	static const char * const names[] = {
		[FREEHINT_CONTRACT_NONE] = "none",
		[FREEHINT_CONTRACT_DEAD] = "dead",
		[FREEHINT_CONTRACT_ZERO] = "zero",
		[FREEHINT_CONTRACT_REFUSED] = "refused",
	};

	return contract < ARRAY_SIZE(names) ? names[contract] : "unknown";
}

const char *guest_contract_reason(u16 refusal)
{
	static const char * const reasons[] = {
		[FREEHINT_REFUSAL_NONE] = "none",
		[FREEHINT_REFUSAL_POISON] = "page_poison=1: free pages are checked",
		[FREEHINT_REFUSAL_PAGE_SIZE] = "pages of this kernel are not 4 KiB",
		[FREEHINT_REFUSAL_ADMIN] = "report=0: refused by the administrator",
		[FREEHINT_REFUSAL_KERNEL] = "this kernel is newer than " COMPAT_NEWEST_TRIED
			", the newest that was tried; allow_untested_kernel=1 goes on at your own risk",
		[FREEHINT_REFUSAL_PREZERO] = "this kernel remembers which free pages are zero; allow_untested_kernel=1 goes on at your own risk",
	};

	return refusal < ARRAY_SIZE(reasons) ? reasons[refusal] : "unknown";
}
