// SPDX-License-Identifier: GPL-2.0
/*
 * Why no session of give-back may run now: the guest sleeps, the device is suspended or
 * reset, or all is over. The first reason ends the session before the call returns.
 *
 * On kernels that queue page reporting on system_freezable_wq (6.12.117), its passes are
 * frozen before any device is suspended. So a notifier ends the session, and the next poll
 * after it begins a new one. A reset of the device has no such warning for the whole guest:
 * its driver says so.
 */
#include <linux/suspend.h>

#include "session_pause.h"

void session_pause_set(struct session_pause *pause, enum pause_reason reason)
{
	mutex_lock(&pause->lock);
	WRITE_ONCE(pause->reasons, pause->reasons | reason);
	pause->stop(pause);
	mutex_unlock(&pause->lock);
}

void session_pause_clear(struct session_pause *pause, enum pause_reason reason)
{
	mutex_lock(&pause->lock);
	WRITE_ONCE(pause->reasons, pause->reasons & ~reason);
	pause->resume(pause);
	mutex_unlock(&pause->lock);
}

static int suspend_callback(struct notifier_block *nb, unsigned long event, void *unused)
{
	struct session_pause *pause = container_of(nb, struct session_pause, suspend);

	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		session_pause_set(pause, PAUSE_ASLEEP);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		session_pause_clear(pause, PAUSE_ASLEEP);
		break;
	}
	return NOTIFY_OK;
}

void session_pause_start(struct session_pause *pause)
{
	mutex_init(&pause->lock);
	pause->reasons = 0;
	pause->suspend.notifier_call = suspend_callback;
	register_pm_notifier(&pause->suspend);
}

void session_pause_stop(struct session_pause *pause)
{
	if (pause->reasons & PAUSE_HALTED)
		return;
	unregister_pm_notifier(&pause->suspend);
	session_pause_set(pause, PAUSE_HALTED);
}
