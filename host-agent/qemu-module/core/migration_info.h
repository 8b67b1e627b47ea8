/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What QEMU says about the migration: the answer to query-migrate.
 */
#ifndef FREEHINT_MIGRATION_INFO_H
#define FREEHINT_MIGRATION_INFO_H

#include "qemu_abi.h"

/**
 * migration_info() - ask QEMU about the migration
 *
 * Context: BQL held, until the last use of the answer.
 *
 * Return: the answer to query-migrate, which is valid until the next call; NULL on failure.
 */
QDict *migration_info(void);

/**
 * migration_status() - ask QEMU for the status of the migration
 *
 * Context: BQL held, until the last use of the answer.
 *
 * Return: as in query-migrate, valid until the next call; NULL before the first migration;
 * "unknown" if QEMU does not answer.
 */
const char *migration_status(void);

/** migration_is_ending() - was the migration cancelled, or has it failed? Context: BQL held */
bool migration_is_ending(void);

#endif /* FREEHINT_MIGRATION_INFO_H */
