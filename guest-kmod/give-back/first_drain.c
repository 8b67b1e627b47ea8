// SPDX-License-Identifier: GPL-2.0
/*
 * When the first drain of a session of giving back is over, also in a guest that frees memory all
 * the time.
 */
#include <linux/minmax.h>
#include <linux/page_reporting.h>
#include <linux/vmstat.h>

#include "first_drain.h"
#include "../scan/free_scan.h"
#include "../scan/page_units.h"

void first_drain_begin(struct first_drain *drain)
{
	drain->still_to_give = page_units(global_zone_page_state(NR_FREE_PAGES));
	drain->recounted = false;
	drain->short_passes = 0;
}

/*
 * A page that is freed beside reported blocks merges with them, and the kernel hands over all of
 * it anew. So as much may be given as was free, although some of it is left. A guest that frees
 * memory all the time would never end this, so it is done once.
 *
 * Return: true if something is left, or nobody knows since the session was over meanwhile.
 */
static bool is_something_left(struct first_drain *drain, unsigned int order,
			      bool (*may_continue)(void *data), void *data)
{
	struct free_scan_unreported found;

	if (drain->recounted)
		return false;
	if (!free_scan_count_unreported(order, may_continue, data, &found))
		return true;
	drain->recounted = true;
	drain->still_to_give = found.large;
	return found.large > 0;
}

/*
 * The kernel gives up a list that is too long only after a whole batch of it
 * (page_reporting_cycle()). So a pass of less has come to the end of each list. But a list also
 * ends early where the zone is at its min watermark for a moment: hence two passes.
 */
bool first_drain_is_over(struct first_drain *drain, unsigned int handed, unsigned int order,
			 bool (*may_continue)(void *data), void *data)
{
	drain->short_passes = handed < PAGE_REPORTING_CAPACITY ? drain->short_passes + 1 : 0;
	if (drain->short_passes > 1)
		return true;
	return !drain->still_to_give && !is_something_left(drain, order, may_continue, data);
}

void first_drain_given(struct first_drain *drain, u64 pages)
{
	drain->still_to_give -= min(drain->still_to_give, pages);
}
