// SPDX-License-Identifier: GPL-2.0
/*
 * Listens to the guest's memory map: ends a round and an offer when the region leaves it.
 *
 * A guest that runs can lose its own stores: when its kernel rewrites the window of the bridge
 * in front of the device, switches memory decoding off, or has lost the device. Words of a
 * round then keep what an earlier round left there, and the watermark may go on once the
 * region is back. The guest's withdrawal of an offer is lost, too. So what was under way ends
 * for good: the next sync opens another round, the next look another session.
 *
 * QEMU changes the map under the BQL, in the vCPU's thread or the main loop, and calls
 * listeners of a section that goes from the highest priority down. So this comes before the
 * accelerator lets go of the memory, and before any store is lost. A hint that is being applied
 * was read earlier, so the apply thread is not waited for: it may wait for the bitmap lock.
 *
 * Nothing is done when the region comes back. A round that was opened in between was not seen
 * by the guest before, for it read no memory, and so none of its stores for it was lost.
 */
#include "../core/bar.h"
#include "../core/qemu_abi.h"
#include "../gate/bql_hold.h"
#include "../give-back/discardable.h"
#include "../give-back/give_back_session.h"
#include "bar_listener.h"
#include "precopy.h"

static struct qemu_memory_listener listener;

/*
 * Called for each section that changes, while a guest boots by the thousand. A virtio-mem device
 * may go with its memory.
 */
static void region_del(struct qemu_memory_listener *self,
		       const struct qemu_memory_section *section)
{
	struct bql_hold hold;

	(void)self;
	discardable_forget(section->region);
	if (section->region != bar_region())
		return;
	hold = bql_hold_begin();
	precopy_close(false);
	give_back_suspend(BAR_UNMAPPED);
	bql_hold_end(hold);
}

void bar_listener_init(void)
{
	listener.region_del = region_del;
	listener.priority = QEMU_LISTENER_FIRST;
	listener.name = "freehint-region";
	qemu.memory_listener_register(&listener, qemu.address_space_memory);
}
