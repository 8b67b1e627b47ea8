/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changes settings of QEMU for freehint migrate, and restores them when the guest stays: two
 * migration parameters, and reporting.
 */
#ifndef FREEHINT_CLI_MIGRATE_SETTINGS_H
#define FREEHINT_CLI_MIGRATE_SETTINGS_H

#include <jansson.h>

#include "../qmp/qmp_call.h"

/**
 * struct migrate_settings - the old and the new values
 * @found:     parameters before the change, only those that were changed
 * @ours:      the same parameters after the change, as QEMU reports them
 * @reporting: reporting was off, or @unknown, and we started it
 * @unknown:   nobody knows whether reporting was on
 * @unsure:    an answer was lost, so QEMU may have the old values or the new ones
 */
struct migrate_settings {
	json_t *found;
	json_t *ours;
	bool reporting;
	bool unknown;
	bool unsure;
};

/**
 * migrate_settings_limit() - change parameters and save the old values
 * @settings: zeroed
 * @call:     connection
 * @limits:   arguments of migrate-set-parameters; the reference is taken
 *
 * Return: 0, or a negative errno with @call->error set. Then nothing was changed, or the
 * answer was lost, and migrate_settings_restore() finds out.
 */
int migrate_settings_limit(struct migrate_settings *settings, struct qmp_call *call,
			   json_t *limits);

/**
 * migrate_settings_start_reporting() - start reporting and save whether it was on
 *
 * Return: 0, or a negative errno with @call->error set.
 */
int migrate_settings_start_reporting(struct migrate_settings *settings, struct qmp_call *call);

/**
 * migrate_settings_restore() - restore all settings
 *
 * A parameter that somebody else has changed meanwhile is not changed. What cannot be
 * restored is reported to the user.
 */
void migrate_settings_restore(struct migrate_settings *settings, struct qmp_call *call);

/** migrate_settings_print() - report what stays changed, when nothing can be restored */
void migrate_settings_print(const struct migrate_settings *settings);

/** migrate_settings_free() - drop the saved values */
void migrate_settings_free(struct migrate_settings *settings);

#endif /* FREEHINT_CLI_MIGRATE_SETTINGS_H */
