// SPDX-License-Identifier: GPL-2.0
/*
 * Where the memory of this guest ends that may be free.
 */
#include <linux/mm.h>

#include "../compat/compat.h"
#include "memory_end.h"

/* What is read may be half of an old span and half of a new one. */
static unsigned long end_of_span(const unsigned long *start, const unsigned long *pages)
{
	unsigned long first = READ_ONCE(*start), count = READ_ONCE(*pages);

	return count ? first + count : 0;
}

/*
 * Nothing tells a reader that a span changes: since 5.14 the kernel stores start and length
 * without its seqlock. But one writer at a time changes a zone first and its node later. So at
 * any moment one of the two is whole, and the lower end is not beyond memory. A look that sees
 * both torn, the zone before and the node later, differs from the next one.
 */
static unsigned long end_of_zone(const struct zone *zone, const pg_data_t *node)
{
	unsigned long end = ULONG_MAX, before;

	do {
		before = end;
		end = end_of_span(&zone->zone_start_pfn, &zone->spanned_pages);
		smp_rmb();
		end = min(end, end_of_span(&node->node_start_pfn, &node->node_spanned_pages));
		smp_rmb();
	} while (end != before);
	return end;
}

/*
 * Persistent memory and other device memory with struct pages has zones of its own. The
 * pages of these zones are never free, and the zones lie at the end of the address space.
 */
static unsigned long end_of_node(const pg_data_t *node)
{
	const struct zone *zone;
	unsigned long end = 0;

	for (zone = node->node_zones; zone < node->node_zones + MAX_NR_ZONES; zone++)
		if (!compat_zone_is_device(zone))
			end = max(end, end_of_zone(zone, node));
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
