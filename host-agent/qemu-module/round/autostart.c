// SPDX-License-Identifier: GPL-2.0
/*
 * Reporting that begins with a migration and ends with it, so that no command is needed.
 */
#include <stdio.h>

#include "../../../include/freehint/limits.h"
#include "../core/qemu_abi.h"
#include "autostart.h"

/*
 * Guarded by the BQL.
 *
 * @on: reporting stops with this migration. @failure: why the last start failed.
 */
static struct {
	bool (*start)(const char **why);
	bool on;
	const char *failure;
} autostart;

void autostart_init(bool (*start)(const char **why))
{
	autostart.start = start;
}

bool autostart_is_wanted(void)
{
	return autostart.start;
}

const char *autostart_begin(void)
{
	const char *why = NULL;

	if (!autostart.start)
		return NULL;
	autostart.failure = NULL;
	autostart.on = autostart.start(&why);
	return why;
}

void autostart_failed(const char *why)
{
	static char text[FREEHINT_REASON_MAX];

	snprintf(text, sizeof(text), "reporting did not start with the last migration: %s", why);
	autostart.failure = text;
	qemu.warn_report("freehint: no hints for this migration: %s", why);
}

void autostart_forget(void)
{
	autostart.on = false;
	autostart.failure = NULL;
}

bool autostart_is_on(void)
{
	return autostart.on;
}

const char *autostart_failure(void)
{
	return autostart.failure;
}
