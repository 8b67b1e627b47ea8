// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's page reporting: isolates free blocks, hands them over in batches, and puts
 * them back.
 *
 * The kernel takes blocks off the free lists under zone->lock, calls report() without a
 * lock, and puts the blocks back when report() returns. If report() returns 0, it marks the
 * blocks as reported until they are used again.
 *
 * The kernel checks once for each zone and pass that low + 32 blocks of the reporting order
 * are free, and for each block that min + the block stay. A batch of larger blocks may take
 * the zone below low.
 *
 * Its own pass begins 2 s after a block was freed. A pass of ours begins at once, because
 * the work item of the pass lies in our struct. It is queued where the kernel itself
 * queues it: the same item on two workqueues could run twice at a time.
 */
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/workqueue.h>

#include "../compat/compat.h"
#include "idle_wait.h"
#include "page_reporter.h"
#include "../scan/page_units.h"
#include "session_pause.h"
#include "../../include/freehint/limits.h"
#include "../../proto/guest_offer.h"

/*
 * The kernel looks for blocks that are as small as these.
 *
 * Return: true if there is one of @reporter->order or more.
 */
static bool note_orders(struct page_reporter *reporter, struct scatterlist *sg)
{
	bool large = false;

	for (; sg; sg = sg_next(sg)) {
		unsigned int order = get_order(sg->length);

		if (order < reporter->kernel_order)
			WRITE_ONCE(reporter->kernel_order, order);
		large |= order + PAGE_UNITS_SHIFT >= reporter->order;
	}
	return large;
}

/* Return: blocks put into the batch; *sg is where the next batch begins, NULL at the end. */
static unsigned int fill_batch(struct page_reporter *reporter, struct scatterlist **sg,
			       u64 *pages)
{
	unsigned int count = 0;

	*pages = 0;
	for (; *sg && count < FREEHINT_OFFER_BLOCKS; *sg = sg_next(*sg)) {
		unsigned int order = get_order((*sg)->length) + PAGE_UNITS_SHIFT;
		u64 pfn = page_units(page_to_pfn(sg_page(*sg)));

		if (order < reporter->order)
			continue;
		reporter->handed++;
		/* An offer with a block beyond what the region can name is declined as a whole. */
		if (pfn + (1ULL << order) > FREEHINT_MAX_PAGES)
			continue;
		reporter->block[count++] = freehint_block(pfn, order);
		*pages += 1ULL << order;
	}
	return count;
}

static int report_locked(struct page_reporter *reporter, struct scatterlist *sg)
{
	unsigned int count;
	int ret = 0;
	u64 pages;

	lockdep_assert_held(&reporter->lock);
	reporter->found = true;
	/* None of smaller ones will be offered: the kernel need not hand them over again. */
	if (!note_orders(reporter, sg))
		return reporter->in_pass && oom_recall_wanted(&reporter->recall) ? -EAGAIN : 0;
	if (!reporter->in_pass) {
		reporter->more(reporter);
		return -EAGAIN;
	}
	while (sg && !ret) {
		if (oom_recall_wanted(&reporter->recall))
			return -EAGAIN;
		count = fill_batch(reporter, &sg, &pages);
		if (!count)
			continue;
		oom_recall_hold(&reporter->recall, pages >> PAGE_UNITS_SHIFT);
		ret = reporter->offer(reporter, count, pages);
	}
	return ret;
}

/* The last entry that the kernel filled is marked as the end of @sg. */
static int report(struct page_reporting_dev_info *info, struct scatterlist *sg,
		  unsigned int count)
{
	struct page_reporter *reporter = container_of(info, struct page_reporter, info);
	int ret;

	mutex_lock(&reporter->lock);
	ret = report_locked(reporter, sg);
	mutex_unlock(&reporter->lock);
	return ret;
}

bool page_reporter_has_order(unsigned int order)
{
	return page_units_order(order) <= COMPAT_MAX_ORDER;
}

int page_reporter_register(struct page_reporter *reporter, unsigned int order)
{
	unsigned int own = page_units_order(order);
	int ret;

	reporter->info = (struct page_reporting_dev_info){
		.report = report,
	};
	own = compat_set_reporting_order(&reporter->info, own);
	reporter->order = order;
	ret = compat_page_reporting_register(&reporter->info);
	reporter->registered = !ret;
	if (ret)
		return ret;
	oom_recall_start(&reporter->recall);
	if (!reporter->kernel_order)
		WRITE_ONCE(reporter->kernel_order, own);
	return 0;
}

unsigned int page_reporter_least(const struct page_reporter *reporter)
{
	return max(READ_ONCE(reporter->kernel_order), page_units_order(reporter->order));
}

void page_reporter_expected(struct page_reporter *reporter, u64 pages)
{
	unsigned int least;

	mutex_lock(&reporter->lock);
	least = page_reporter_least(reporter);
	if (!reporter->found && pages >= page_units(1ULL << least) && least < COMPAT_MAX_ORDER)
		WRITE_ONCE(reporter->kernel_order, least + 1);
	mutex_unlock(&reporter->lock);
}

void page_reporter_unregister(struct page_reporter *reporter)
{
	if (!reporter->registered)
		return;
	oom_recall_stop(&reporter->recall);
	compat_page_reporting_unregister(&reporter->info);
	reporter->registered = false;
}

static void set_in_pass(struct page_reporter *reporter, bool in_pass)
{
	mutex_lock(&reporter->lock);
	reporter->in_pass = in_pass;
	if (in_pass) {
		reporter->found = false;
		reporter->handed = 0;
	}
	mutex_unlock(&reporter->lock);
}

unsigned int page_reporter_handed(struct page_reporter *reporter)
{
	unsigned int handed;

	mutex_lock(&reporter->lock);
	handed = reporter->handed;
	mutex_unlock(&reporter->lock);
	return handed;
}

bool page_reporter_pass(struct page_reporter *reporter)
{
	struct delayed_work *pass = &reporter->info.work;

	oom_recall_begin_pass(&reporter->recall);
	set_in_pass(reporter, true);
	mod_delayed_work(pass->wq, pass, 0);
	idle_flush_delayed_work(pass, reporter->pause);
	set_in_pass(reporter, false);
	return oom_recall_end_pass(&reporter->recall) || session_is_paused(reporter->pause);
}
