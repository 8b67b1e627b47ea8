/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reporting that begins with a migration and ends with it (option autostart). Call everything
 * with the BQL.
 */
#ifndef FREEHINT_AUTOSTART_H
#define FREEHINT_AUTOSTART_H

#include "../../../include/freehint/types.h"

/**
 * autostart_init() - set what starts reporting
 * @start: as struct precopy_limits.start, NULL if only a command starts it
 */
void autostart_init(bool (*start)(const char **why));

/** autostart_is_wanted() - does each migration start reporting, unless it is on? */
bool autostart_is_wanted(void);

/**
 * autostart_begin() - a migration begins, and reporting is off: start it
 *
 * Not in the first sync: the start may let go of shared memory that was deleted, and QEMU
 * frees it under the lock of its list of RAM blocks, which it holds in that sync.
 *
 * Return: why it could not be started; NULL if it was, or is not to be.
 */
const char *autostart_begin(void);

/** autostart_failed() - keep and log a reason that autostart_begin() has returned */
void autostart_failed(const char *why);

/** autostart_forget() - reporting was stopped, or started by a command: nothing to stop any more */
void autostart_forget(void);

/** autostart_is_on() - has this migration started reporting? */
bool autostart_is_on(void);

/** autostart_failure() - why the last start failed though nothing stood against it, or NULL */
const char *autostart_failure(void);

#endif /* FREEHINT_AUTOSTART_H */
