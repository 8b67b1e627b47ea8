/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The extension, however it came into QEMU: as a shared object (module_entry.c), or
 * linked with it (qemu-patches/). No type of ours: QEMU's own sources include this, too.
 */
#ifndef FREEHINT_EXTENSION_H
#define FREEHINT_EXTENSION_H

#include <stdbool.h>

/*
 * Default of first-wait-ms. The time until the guest notices is added to it: up to
 * 100 ms for a guest that was asked for nothing.
 */
#define FREEHINT_FIRST_WAIT_MS	200
/*
 * Default of later-wait-ms: a guest that reports looks every millisecond, and scans
 * as many for each GiB or two; half of it is for a guest whose processors are busy.
 */
#define FREEHINT_LATER_WAIT_MS	40
/* More would be felt as a hang of the migrate command. */
#define FREEHINT_WAIT_MAX_MS	1000

#define FREEHINT_MEMDEV		"freehint"

/**
 * struct freehint_extension_options - what an administrator may choose
 * @memdev:        id of the memory backend behind the ivshmem device; copied
 * @first_wait_ms: longest wait for the first hints of a migration
 * @later_wait_ms: the same for each later pass
 * @autostart:     report while a migration runs, without x-freehint-start
 * @audit:         have a witness check every skipped page
 */
struct freehint_extension_options {
	const char *memdev;
	unsigned int first_wait_ms;
	unsigned int later_wait_ms;
	bool autostart;
	bool audit;
};

/**
 * freehint_extension_start() - look QEMU's functions up, register commands and notifiers
 * @options: copied
 *
 * Once in the life of QEMU, in the main loop, when it is known which accelerator is in
 * use.
 *
 * Return: NULL, or why not.
 */
const char *freehint_extension_start(const struct freehint_extension_options *options);

/**
 * freehint_extension_stay_out() - register commands that say why there are no hints
 * @options: copied
 * @why:     kept
 *
 * Instead of freehint_extension_start(). Nothing else of QEMU's is used or looked at.
 */
void freehint_extension_stay_out(const struct freehint_extension_options *options,
				 const char *why);

#endif /* FREEHINT_EXTENSION_H */
