/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a guest's kernel as oom_recall.c, pace.c and offer_wait.c of guest-kmod/give-back/
 * use: the time, the notifiers of the OOM killer, and a wait in which a test does what other
 * threads would do.
 */
#ifndef FREEHINT_OOM_KILLER_H
#define FREEHINT_OOM_KILLER_H

#include "tests/fakes/guest_kernel.h"

#define HZ		250
extern unsigned long jiffies;
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define container_of(ptr, type, member)	((type *)((char *)(ptr) - offsetof(type, member)))

/* @woken: wake-ups so far */
typedef struct {
	unsigned int woken;
} wait_queue_head_t;

/**
 * struct oom_killer - what is registered, and what happens while it waits
 * @chain:     the notifier, NULL if there is none
 * @meanwhile: called once in a wait
 */
struct oom_killer {
	struct notifier_block *chain;
	void (*meanwhile)(void);
};

extern struct oom_killer oom_killer;

#define register_oom_notifier(nb)	(oom_killer.chain = (nb))
#define unregister_oom_notifier(nb)	((void)(nb), oom_killer.chain = NULL)
#define init_waitqueue_head(head)	((head)->woken = 0)
#define wake_up_all(head)		((head)->woken++)
#define wait_event_timeout(head, condition, timeout) \
	((condition) || (oom_killer.meanwhile(), (condition)))

#endif /* FREEHINT_OOM_KILLER_H */
