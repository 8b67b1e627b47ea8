/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What freehint migrate changes in QEMU for a migration, and puts back when the guest
 * stays: two migration parameters, and reporting.
 */
#ifndef FREEHINT_CLI_MIGRATE_SETTINGS_H
#define FREEHINT_CLI_MIGRATE_SETTINGS_H

#include <jansson.h>

#include "qmp_call.h"

/**
 * struct migrate_settings - what was found, and what it was changed to
 * @found:     parameters before the change, only those that were changed
 * @ours:      the same after it, as QEMU tells them
 * @reporting: reporting was off, and was started
 */
struct migrate_settings {
	json_t *found;
	json_t *ours;
	bool reporting;
};

/**
 * migrate_settings_limit() - change parameters, and remember what they were
 * @settings: zeroed
 * @call:     connection
 * @limits:   arguments of migrate-set-parameters; the reference is taken
 *
 * Return: 0, or a negative errno with @call->error set: nothing was changed then.
 */
int migrate_settings_limit(struct migrate_settings *settings, struct qmp_call *call,
			   json_t *limits);

/**
 * migrate_settings_report() - start reporting, and remember whether it was on
 *
 * Return: 0, or a negative errno with @call->error set.
 */
int migrate_settings_report(struct migrate_settings *settings, struct qmp_call *call);

/**
 * migrate_settings_put_back() - everything as it was found
 *
 * A parameter that somebody has changed meanwhile is left alone, and what cannot be put
 * back is named.
 */
void migrate_settings_put_back(struct migrate_settings *settings, struct qmp_call *call);

/** migrate_settings_tell() - name what stays changed, for nothing can be put back now */
void migrate_settings_tell(const struct migrate_settings *settings);

/** migrate_settings_free() - forget what was found */
void migrate_settings_free(struct migrate_settings *settings);

#endif /* FREEHINT_CLI_MIGRATE_SETTINGS_H */
