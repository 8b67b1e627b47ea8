/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Did the guest answer rounds of the last migration, and nobody told QEMU?
 */
#ifndef FREEHINT_CLI_UNANSWERED_ROUNDS_H
#define FREEHINT_CLI_UNANSWERED_ROUNDS_H

#include <jansson.h>

#include "include/freehint/types.h"

/* What to say of them, with their number. */
#define UNANSWERED_ROUNDS	"the guest has sealed %llu rounds and no hints reached QEMU: does " \
				"freehint-agent run beside it?"

/**
 * unanswered_rounds() - count the rounds that the guest has sealed without a command to QEMU
 * @status: answer to x-query-freehint
 *
 * Return: their number; 0 if a command came in any round of the last migration.
 */
u64 unanswered_rounds(const json_t *status);

#endif /* FREEHINT_CLI_UNANSWERED_ROUNDS_H */
