// SPDX-License-Identifier: GPL-2.0
/*
 * Words the reason why the guest reports no free page, from its hello.
 */
#include <stdio.h>

#include "../../../include/freehint/qmp_names.h"
#include "../../../include/freehint/shm_layout.h"
#include "bar.h"
#include "guest_refusal.h"

/* Static, because reasons are kept; all of them are read under the BQL. */
static const char *version_refusal(u32 version)
{
	static char text[128];

	snprintf(text, sizeof(text),
		 "the guest module uses version %u, this extension %d to %d; update freehint of the %s",
		 version, FREEHINT_VERSION_MIN, FREEHINT_VERSION,
		 version > FREEHINT_VERSION ? "host" : "guest");
	return text;
}

const char *guest_hello_refusal(int error, const struct freehint_guest_hello *hello)
{
	switch (error) {
	case -EBUSY:
		return GUEST_REFUSAL_SHARED;
	case -EPROTO:
		return version_refusal(hello->version);
	case -EINVAL:
		return "the guest's hello is not valid; update freehint of the guest";
	default:
		return FREEHINT_REFUSED_NO_MODULE "; load freehint.ko in the guest, or see the "
		       "guest's kernel log";
	}
}

const char *guest_refusal(void)
{
	struct freehint_guest_hello hello;
	int error = bar_read_guest_hello(&hello);

	if (error)
		return guest_hello_refusal(error, &hello);
	if (hello.contract != FREEHINT_CONTRACT_REFUSED)
		return NULL;
	switch (hello.refusal) {
	case FREEHINT_REFUSAL_POISON:
		return "the guest checks free pages for a poison pattern (page_poison=1); "
		       "boot it without this";
	case FREEHINT_REFUSAL_PAGE_SIZE:
		return "the guest's pages are not 4 KiB, and its module cannot split them; update "
		       "freehint of the guest";
	case FREEHINT_REFUSAL_KERNEL:
		return "the guest's kernel is newer than any that its freehint.ko was tried on; "
		       "update freehint of the guest, or set its allow_untested_kernel=1";
	case FREEHINT_REFUSAL_PREZERO:
		return "the guest's kernel records which free pages are zero (PG_zeroed, "
		       "CONFIG_PAGE_PREZERO); allow_untested_kernel=1 of its freehint.ko reports all "
		       "the same, at your own risk";
	default:
		return "the guest's administrator switched reporting off (report=0); set report=1 of "
		       "its freehint.ko";
	}
}
