// SPDX-License-Identifier: GPL-2.0
/*
 * What stands against giving memory back: the guest, the host's memory, and what passes by
 * itself.
 */
#include <stdio.h>

#include "../../../include/freehint/shm_layout.h"
#include "../core/bar.h"
#include "../core/guest_refusal.h"
#include "../core/qemu_abi.h"
#include "discardable.h"
#include "migration_check.h"
#include "obstacle.h"

/* discardable.c looks for pages of the host that are larger. */
static const char *order_obstacle(const struct freehint_guest_hello *hello, u32 order)
{
	static char text[160];

	if (order <= hello->max_order)
		return NULL;
	snprintf(text, sizeof(text), "blocks of order %u are wanted, and the guest's largest have order "
		 "%u; give this or a lower order", order, hello->max_order);
	return text;
}

static const char *guest_obstacle(u32 order)
{
	struct freehint_guest_hello hello;
	const char *why = guest_refusal();

	if (why || bar_read_guest_hello(&hello))
		return why;
	switch (hello.give_back) {
	case FREEHINT_GIVE_BACK_POSSIBLE:
		return order_obstacle(&hello, order);
	case FREEHINT_GIVE_BACK_UNKNOWN:
		return "the guest module cannot give memory back; update freehint of the guest";
	case FREEHINT_GIVE_BACK_NO_KERNEL:
		return "the guest's kernel was built without CONFIG_PAGE_REPORTING; boot one with it";
	case FREEHINT_GIVE_BACK_BUSY:
		return "another driver of the guest has page reporting; start QEMU without "
		       "free-page-reporting=on of virtio-balloon";
	case FREEHINT_GIVE_BACK_ADMIN:
		return "the guest's administrator switched it off (give_back=0); set give_back=1 of "
		       "its freehint.ko";
	case FREEHINT_GIVE_BACK_CONTRACT:
		return "the guest reports no free page; its kernel log has the reason";
	default:
		return "the guest's kernel refused page reporting; see its log (dmesg | grep freehint)";
	}
}

const char *obstacle_lasting(u32 order)
{
	const char *why;

	if (!bar_is_attached())
		return bar_missing();
	why = discardable_guest_refusal();
	return why ? why : guest_obstacle(order);
}

const char *obstacle_passing(void)
{
	if (!qemu.runstate_is_running())
		return "the guest does not run; it is asked again when it does";
	if (!bar_is_mapped())
		return BAR_UNMAPPED;
	return migration_check();
}
