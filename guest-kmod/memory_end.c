// SPDX-License-Identifier: GPL-2.0
/*
 * Where the memory of this guest ends that may be free.
 */
#include <linux/mm.h>

#include "compat/compat.h"
#include "memory_end.h"

/*
 * Persistent memory and other device memory with struct pages has zones of its own. The
 * pages of these zones are never free, and the zones lie at the end of the address space.
 */
static bool zone_has_free_pages(struct zone *zone)
{
	return zone->spanned_pages && !compat_zone_is_device(zone);
}

static unsigned long end_of_node(pg_data_t *node)
{
	unsigned long end = 0;
	struct zone *zone;

	for (zone = node->node_zones; zone < node->node_zones + MAX_NR_ZONES; zone++)
		if (zone_has_free_pages(zone))
			end = max(end, zone_end_pfn(zone));
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
