// SPDX-License-Identifier: GPL-2.0
/*
 * What stands against giving memory back in this guest, whatever the host asks.
 *
 * A page that was given back reads as zero. This suits a kernel that expects nothing of a
 * free page, and one that expects zero (init_on_free=1). A kernel that expects a pattern
 * (page_poison=1), or of which nothing is known, has a contract that is refused.
 */
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/jiffies.h>

#include "../compat/compat.h"
#include "give_back_refusal.h"
#include "../core/guest_contract.h"
#include "../core/guest_params.h"

/* A host that does not ask because the last registration failed may ask again after this. */
#define FAILURE_LASTS	(60 * HZ)

u32 give_back_refusal_now(void)
{
	if (guest_contract_now().contract == FREEHINT_CONTRACT_REFUSED)
		return FREEHINT_GIVE_BACK_CONTRACT;
	if (!READ_ONCE(guest_params.give_back))
		return FREEHINT_GIVE_BACK_ADMIN;
	if (!COMPAT_HAS_PAGE_REPORTING)
		return FREEHINT_GIVE_BACK_NO_KERNEL;
	return FREEHINT_GIVE_BACK_POSSIBLE;
}

static void log_failure(const struct device *dev, int error)
{
	if (error == -EBUSY)
		dev_warn_ratelimited(dev, "host asks for free memory, but another driver has page reporting; switch off free-page-reporting of virtio-balloon\n");
	else
		dev_warn_ratelimited(dev, "host asks for free memory, but page reporting failed, error %d; none is given back, the host may ask again in a minute\n",
				     error);
}

void give_back_failure_note(struct give_back_failure *failure, const struct device *dev, int error)
{
	WRITE_ONCE(failure->tried, jiffies);
	if (error == READ_ONCE(failure->error))
		return;
	WRITE_ONCE(failure->error, error);
	if (error)
		log_failure(dev, error);
}

u32 give_back_failure_now(const struct give_back_failure *failure)
{
	int error = READ_ONCE(failure->error);

	if (!error || time_after(jiffies, READ_ONCE(failure->tried) + FAILURE_LASTS))
		return FREEHINT_GIVE_BACK_POSSIBLE;
	return error == -EBUSY ? FREEHINT_GIVE_BACK_BUSY : FREEHINT_GIVE_BACK_FAILED;
}
