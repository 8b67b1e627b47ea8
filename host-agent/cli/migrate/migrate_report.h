/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells the user how a migration ended, or what is known of it when the watch ends first.
 */
#ifndef FREEHINT_CLI_MIGRATE_REPORT_H
#define FREEHINT_CLI_MIGRATE_REPORT_H

#include "migrate_watch.h"

/**
 * migrate_report_summary() - print the last state, and time and bytes if QEMU reports them
 * @watch: of a migration that has ended
 * @kept:  bytes that the hints kept off the wire
 */
void migrate_report_summary(const struct migrate_watch *watch, double kept);

/**
 * migrate_report_stopped_guest() - say what to do if the guest is stopped on the source
 *
 * Asks QEMU, for up to three seconds, because it may be about to resume the guest.
 */
void migrate_report_stopped_guest(const struct migrate_watch *watch);

/** migrate_report_detached() - say that the migration may continue without this tool */
void migrate_report_detached(const struct migrate_watch *watch);

/** migrate_report_lost() - say what is known when QEMU does not answer any more */
void migrate_report_lost(const struct migrate_watch *watch);

/** migrate_report_replaced() - say that another QEMU answers, which has not begun a migration */
void migrate_report_replaced(void);

#endif /* FREEHINT_CLI_MIGRATE_REPORT_H */
