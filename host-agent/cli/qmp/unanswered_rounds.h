/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Did the guest answer rounds of the last migration, and no hints reached QEMU?
 */
#ifndef FREEHINT_CLI_UNANSWERED_ROUNDS_H
#define FREEHINT_CLI_UNANSWERED_ROUNDS_H

#include <jansson.h>

#include "include/freehint/types.h"

/* What to say of them: their number, and why. */
#define UNANSWERED_ROUNDS	"the guest has sealed %llu rounds and no hints reached QEMU: %s"

/* Why, where QEMU counts refused commands of all migrations together. */
#define UNANSWERED_EITHER	"does freehint-agent run beside it, or did QEMU refuse its commands? " \
				"see the agent's log"

/**
 * unanswered_rounds() - count the rounds that the guest has sealed without a command that QEMU took
 * @status: answer to x-query-freehint
 *
 * Return: their number; 0 if QEMU took a command in any round of the last migration.
 */
u64 unanswered_rounds(const json_t *status);

/** unanswered_why() - the reason, for the user; @came: did commands come that QEMU refused? */
const char *unanswered_why(bool came);

#endif /* FREEHINT_CLI_UNANSWERED_ROUNDS_H */
