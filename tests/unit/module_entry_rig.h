/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stands in for the rooms that the entry starts, and keeps what they are started with.
 */
#ifndef FREEHINT_MODULE_ENTRY_RIG_H
#define FREEHINT_MODULE_ENTRY_RIG_H

#include "host-agent/qemu-module/round/bar_listener.h"
#include "host-agent/qemu-module/round/host_hello.h"
#include "host-agent/qemu-module/round/precopy.h"
#include "host-agent/qemu-module/postcopy/switchover.h"
#include "host-agent/qemu-module/audit/dirty_audit.h"
#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/entry/commands.h"
#include "host-agent/qemu-module/entry/first_run.h"
#include "tests/unit/unit.h"

static struct precopy_limits limits;
static struct give_back_params given_params;
static const char *memdev;
static bool registered;
static unsigned int first_runs;
static bool audited;
static const char *inert;
static bool number_is_asked;

int plugin_number_find(int *declared)
{
	*declared = -1;
	return qemu_abi_plugin_version();
}

bool plugin_number_in_trial(void)
{
	return number_is_asked;
}

int bar_init(const char *id)
{
	memdev = id;
	return 0;
}

void precopy_init(const struct precopy_limits *given)
{
	limits = *given;
	registered = true;
}

void host_hello_init(void)
{
}

void first_run_init(void)
{
	first_runs++;
}

void give_back_init(const struct give_back_params *given)
{
	given_params = *given;
}

/* As give_back_session.c has it. */
enum give_back_mode give_back_mode_parse(const char *name)
{
	if (!strcmp(name, "off"))
		return GIVE_BACK_OFF;
	if (!strcmp(name, "once"))
		return GIVE_BACK_ONCE;
	return strcmp(name, "always") ? GIVE_BACK_MODES : GIVE_BACK_ALWAYS;
}

void audit_init(bool wanted)
{
	audited = wanted;
}

void bar_listener_init(void)
{
}

void switchover_init(void)
{
}

void commands_register(void)
{
}

void commands_register_inert(const char *why)
{
	inert = why;
}

bool commands_start(const char **why)
{
	*why = "";
	return true;
}

#endif /* FREEHINT_MODULE_ENTRY_RIG_H */
