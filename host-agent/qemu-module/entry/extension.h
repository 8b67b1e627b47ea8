/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Start of the extension: as a shared object (module_entry.c), or linked with QEMU
 * (qemu-patches/). QEMU's own sources include this header, so it uses no type of freehint.
 */
#ifndef FREEHINT_EXTENSION_H
#define FREEHINT_EXTENSION_H

#include <stdbool.h>

/* Has macros only. */
#include "../../../include/freehint/limits.h"

/*
 * Default of first-wait-ms. The time until the guest polls is added to it: up to 100 ms for
 * a guest that has had no request before.
 */
#define FREEHINT_FIRST_WAIT_MS	200
/*
 * Default of later-wait-ms. A guest that reports polls every millisecond and scans a GiB or
 * two per millisecond. Half of the wait allows for a guest whose processors are busy.
 */
#define FREEHINT_LATER_WAIT_MS	40
/* A longer wait would look like a hang of the migrate command. */
#define FREEHINT_WAIT_MAX_MS	1000

#define FREEHINT_MEMDEV		"freehint"

/**
 * struct freehint_extension_options - options of the administrator
 * @memdev:        id of the memory backend behind the ivshmem device; copied
 * @first_wait_ms: longest wait for the first hints of a migration
 * @later_wait_ms: the same for each later pass
 * @autostart:     report while a migration runs, without x-freehint-start
 * @audit:         check every skipped page (audit/dirty_audit.c)
 * @give_back:     ask for free memory from the start: "off", "once" or "always"
 * @give_back_order: smallest block that is asked for, 2^order pages; 0 for what suits the mode
 * @give_back_leave: free memory that the guest keeps, MiB
 */
struct freehint_extension_options {
	const char *memdev;
	unsigned int first_wait_ms;
	unsigned int later_wait_ms;
	bool autostart;
	bool audit;
	const char *give_back;
	unsigned int give_back_order;
	unsigned int give_back_leave;
};

/**
 * freehint_extension_start() - look up QEMU's functions, register commands and notifiers
 * @options: copied
 *
 * Context: main loop, once in the life of QEMU, after QEMU has chosen its accelerator.
 *
 * Return: NULL, or the reason why the extension cannot start.
 */
const char *freehint_extension_start(const struct freehint_extension_options *options);

/**
 * freehint_extension_register_inert() - register commands that report why there are no hints
 * @options: copied
 * @why:     the reason; not copied, must stay valid
 *
 * Call it instead of freehint_extension_start(). It uses nothing else of QEMU.
 */
void freehint_extension_register_inert(const struct freehint_extension_options *options,
				       const char *why);

#endif /* FREEHINT_EXTENSION_H */
