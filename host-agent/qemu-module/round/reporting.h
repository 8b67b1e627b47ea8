/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether reporting is on: whether QEMU's migrations ask the guest for hints. Call everything
 * under the BQL.
 */
#ifndef FREEHINT_REPORTING_H
#define FREEHINT_REPORTING_H

#include "../core/qemu_abi.h"

/**
 * reporting_init() - once at load
 * @own:   the precopy notifier that opens the rounds; it must be the last in QEMU's list
 * @start: as struct precopy_limits.start
 */
void reporting_init(const struct qemu_notifier *own, bool (*start)(const char **why));

/**
 * reporting_start() - start reporting with the next sync; the host's hello must be published
 * @why: set to the reason on failure
 *
 * Return: true if reporting is on.
 */
bool reporting_start(const char **why);

/** reporting_stop() - close the round and stop reporting */
void reporting_stop(void);

/** reporting_is_on() - is reporting on? */
bool reporting_is_on(void);

/** reporting_refusal() - why no round can open at present, NULL if it can */
const char *reporting_refusal(void);

/** reporting_withdraw() - request no round; if reporting is on, publish that it is ready */
void reporting_withdraw(void);

/** reporting_begin_migration() - QEMU's setup is done: start reporting if that is the option */
void reporting_begin_migration(void);

/** reporting_note_memory() - set whether any memory that could be hinted migrates */
void reporting_note_memory(bool migrates);

/** reporting_end_migration() - stop reporting if the migration has started it */
void reporting_end_migration(void);

#endif /* FREEHINT_REPORTING_H */
