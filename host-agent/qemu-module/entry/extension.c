// SPDX-License-Identifier: GPL-2.0
/*
 * Start of the extension, loaded or linked in: registers commands and notifiers.
 */
#include "../audit/dirty_audit.h"
#include "../core/bar.h"
#include "../core/qemu_abi.h"
#include "../give-back/give_back_session.h"
#include "../postcopy/switchover.h"
#include "../round/bar_listener.h"
#include "../round/host_hello.h"
#include "../round/precopy.h"
#include "commands.h"
#include "extension.h"
#include "first_run.h"

const char *freehint_extension_start(const struct freehint_extension_options *options)
{
	const struct precopy_limits limits = {
		.first_wait_us = options->first_wait_ms * 1000ULL,
		.later_wait_us = options->later_wait_ms * 1000ULL,
		.start = options->autostart ? commands_start : NULL,
	};

	const struct give_back_params params = {
		.mode = give_back_mode_parse(options->give_back),
		.order = options->give_back_order,
		.leave = options->give_back_leave,
	};

	if (!qemu.has_qmp && qemu_abi_load())
		return "QEMU does not export a function that freehint uses; use a tested series";
	if (bar_init(options->memdev))
		return "the kernel gave no memory or no random number; free memory on this host, then "
		       "start QEMU again";
	qemu_abi_late();
	precopy_init(&limits);
	if (qemu_abi_evidence() != QEMU_TESTED)
		first_run_init();
	give_back_init(&params);
	host_hello_init();
	bar_listener_init();
	audit_init(options->audit);
	switchover_init();
	commands_register();
	return NULL;
}

void freehint_extension_register_inert(const struct freehint_extension_options *options,
				       const char *why)
{
	/* Only x-query-freehint uses this id; the backend is not searched for. */
	bar_init(options->memdev);
	commands_register_inert(why);
}
