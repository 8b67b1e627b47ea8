/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page reporting for tests of a give-back session that run no page_reporter.c: what is the same in
 * all of them. How a pass goes is the test's.
 */
#ifndef FREEHINT_TEST_PAGE_REPORTER_RIG_H
#define FREEHINT_TEST_PAGE_REPORTER_RIG_H

#include "guest-kmod/give-back/page_reporter.h"
#include "guest-kmod/give-back/session_pause.h"

void session_pause_clear(struct session_pause *pause, enum pause_reason reason)
{
}

bool page_reporter_has_order(unsigned int order)
{
	return true;
}

unsigned int page_reporter_least(const struct page_reporter *reporter)
{
	return reporter->order;
}

void page_reporter_unregister(struct page_reporter *reporter)
{
	reporter->registered = false;
}

bool oom_recall_wanted(const struct oom_recall *recall)
{
	return false;
}

void idle_cancel_delayed_work(struct delayed_work *work)
{
	cancel_delayed_work_sync(work);
}

#endif /* FREEHINT_TEST_PAGE_REPORTER_RIG_H */
