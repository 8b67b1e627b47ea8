/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hints of freehint migrate: what the guest needs before they can come, and what came.
 */
#ifndef FREEHINT_CLI_MIGRATE_HINTS_H
#define FREEHINT_CLI_MIGRATE_HINTS_H

#include "../qmp/qmp_call.h"

/**
 * struct migrate_hints - what the extension had counted before the migration
 * @bytes:      bytes that were skipped
 * @migrations: migrations in which a round was opened
 * @commands:   commands of the agent, refused ones too
 * @unwanted:   the user wants no hints, and misses none; set by the caller
 */
struct migrate_hints {
	double bytes;
	double migrations;
	double commands;
	bool unwanted;
};

/** migrate_hints_look() - fill @hints with what the extension counts now; else zero */
void migrate_hints_look(struct migrate_hints *hints, struct qmp_call *call);

/**
 * migrate_hints_wait() - let the guest notice that reporting was started
 *
 * So the first pass does not wait for that. A guest that does not run notices nothing: the user
 * is told.
 */
void migrate_hints_wait(struct qmp_call *call);

/**
 * migrate_hints_end() - what the hints of the migration have saved
 * @before: from migrate_hints_look(), before the migration
 * @rounds: filled with the rounds that the guest answered in vain; 0: none, or hints came
 * @why:    filled with why, if there are such rounds
 *
 * Return: bytes that were kept off the wire.
 */
double migrate_hints_end(const struct migrate_hints *before, struct qmp_call *call, u64 *rounds,
			 const char **why);

#endif /* FREEHINT_CLI_MIGRATE_HINTS_H */
