/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a guest's kernel as device/probe_retry.c, give-back/give_back_work.c and
 * give-back/give_back_session.c of guest-kmod/ use beside devices: work items with a delay, which a
 * test runs, lists, mutexes and memory.
 */
#ifndef FREEHINT_WORK_QUEUE_H
#define FREEHINT_WORK_QUEUE_H

#include <limits.h>
#include <stdlib.h>

#include "tests/fakes/guest_device.h"
#include "tests/fakes/oom_killer.h"

#define GFP_KERNEL		0
#define kzalloc(size, flags)	calloc(1, size)
#define kfree(p)		free(p)
#define ERR_PTR(error)		((void *)(long)(error))
#define PTR_ERR_OR_ZERO(p)	((unsigned long)(p) >= -4095UL ? (int)(long)(p) : 0)
#define MAX_SCHEDULE_TIMEOUT	LONG_MAX
#define hash_64(value, bits)	((value) * 0x61c8864680b583ebULL >> (64 - (bits)))

/* Work items. A delay of 0 is a work item that is due. */
struct work_struct {
	void (*run)(struct work_struct *work);
};

/**
 * struct workqueue_struct - a queue, on which nothing ever waits
 * @flags: WQ_UNBOUND
 */
struct workqueue_struct {
	unsigned int flags;
};

#define WQ_UNBOUND		2U
#define system_freezable_power_efficient_wq	((struct workqueue_struct *)NULL)

static inline struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags,
						       int max_active)
{
	struct workqueue_struct *queue = calloc(1, sizeof(*queue));

	(void)name;
	(void)max_active;
	if (queue)
		queue->flags = flags;
	return queue;
}

#define destroy_workqueue(queue)	free(queue)

/**
 * struct delayed_work - a work item; a test runs it, so it never runs beside anything
 * @work:   what it does
 * @timer:  runs while there is a delay
 * @wq:     where it was queued last
 * @queued: it will run
 * @delay:  jiffies until then, from the moment it was queued
 */
struct delayed_work {
	struct work_struct work;
	struct delayed_work *timer;
	struct workqueue_struct *wq;
	bool queued;
	unsigned long delay;
};

#define to_delayed_work(item)	container_of(item, struct delayed_work, work)
#define INIT_DELAYED_WORK(item, fn)	((item)->work.run = (fn))
#define DECLARE_DEFERRABLE_WORK(name, fn) \
	struct delayed_work name = { .work = { .run = (fn) } }

enum { WORK_BUSY_PENDING = 1, WORK_BUSY_RUNNING = 2 };

static inline void mod_delayed_work(struct workqueue_struct *queue, struct delayed_work *item,
				    unsigned long delay)
{
	item->wq = queue;
	item->queued = true;
	item->delay = delay;
}

static inline void queue_delayed_work(struct workqueue_struct *queue,
				      struct delayed_work *item, unsigned long delay)
{
	if (!item->queued)
		mod_delayed_work(queue, item, delay);
}

static inline void cancel_delayed_work_sync(struct delayed_work *item)
{
	item->queued = false;
}

#define cancel_delayed_work(item)	cancel_delayed_work_sync(item)

static inline unsigned int work_busy(struct work_struct *work)
{
	return to_delayed_work(work)->queued ? WORK_BUSY_PENDING : 0;
}

/** work_queue_run() - the time of a work item has come; Return: false if it is not queued */
static inline bool work_queue_run(struct delayed_work *item)
{
	bool queued = item->queued;

	item->queued = false;
	if (queued)
		item->work.run(&item->work);
	return queued;
}

/* Mutexes. There is one thread. */
struct mutex {
	bool held;
};

#define DEFINE_MUTEX(name)	struct mutex name
#define mutex_init(mutex)	((mutex)->held = false)
#define mutex_lock(mutex)	((mutex)->held = true)
#define mutex_unlock(mutex)	((mutex)->held = false)
#undef lockdep_assert_held
#define lockdep_assert_held(lock)	((void)(lock))

/* Bits. */
#define test_bit(bit, word)		(*(word) >> (bit) & 1)
#define test_and_set_bit(bit, word) \
	(__atomic_fetch_or(word, 1UL << (bit), __ATOMIC_SEQ_CST) & 1UL << (bit))
#define clear_bit(bit, word)		(*(word) &= ~(1UL << (bit)))

/* Lists. */
struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

#define LIST_HEAD(name)		struct list_head name = { &(name), &(name) }
#define list_entry(p, type, member)	container_of(p, type, member)
#define list_empty(head)	((head)->next == (head))
#define list_for_each_entry(at, head, member)					\
	for (at = list_entry((head)->next, typeof(*at), member);		\
	     &at->member != (head);						\
	     at = list_entry(at->member.next, typeof(*at), member))
#define list_for_each_entry_safe(at, after, head, member)			\
	for (at = list_entry((head)->next, typeof(*at), member);		\
	     after = list_entry(at->member.next, typeof(*at), member),		\
	     &at->member != (head); at = after)

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	entry->next = head;
	entry->prev = head->prev;
	head->prev->next = entry;
	head->prev = entry;
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
}

static inline void list_splice_init(struct list_head *from, struct list_head *to)
{
	while (!list_empty(from)) {
		struct list_head *entry = from->next;

		list_del(entry);
		list_add_tail(entry, to);
	}
}

/* Page reporting: a pass is a work item. */
struct scatterlist {
	struct page *page;
	unsigned int length;
};

struct page_reporting_dev_info {
	int (*report)(struct page_reporting_dev_info *info, struct scatterlist *sg,
		      unsigned int count);
	struct delayed_work work;
	unsigned int order;
};

#endif /* FREEHINT_WORK_QUEUE_H */
