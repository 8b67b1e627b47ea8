// SPDX-License-Identifier: GPL-2.0
/*
 * Where the memory of this guest ends that may be free.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#include "compat/compat.h"
#include "memory_end.h"

/*
 * Persistent memory and other device memory with struct pages has zones of its own. The
 * pages of these zones are never free, and the zones lie at the end of the address space.
 *
 * While a zone shrinks, its new start and its old length would make an end beyond memory.
 */
static unsigned long end_of_zone(struct zone *zone)
{
	unsigned long end;
	unsigned int seq;

	if (compat_zone_is_device(zone))
		return 0;
	do {
		seq = zone_span_seqbegin(zone);
		end = zone->spanned_pages ? zone_end_pfn(zone) : 0;
	} while (zone_span_seqretry(zone, seq));
	return end;
}

static unsigned long end_of_node(pg_data_t *node)
{
	unsigned long end = 0;
	struct zone *zone;

	for (zone = node->node_zones; zone < node->node_zones + MAX_NR_ZONES; zone++)
		end = max(end, end_of_zone(zone));
	return end;
}

unsigned long memory_end(void)
{
	unsigned long end = 0;
	int nid;

	for_each_online_node(nid)
		end = max(end, end_of_node(NODE_DATA(nid)));
	return end;
}
