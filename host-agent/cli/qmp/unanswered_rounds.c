// SPDX-License-Identifier: GPL-2.0
/*
 * Did the guest answer rounds of the last migration, and no hints reached QEMU?
 *
 * QEMU's extension sees the guest's seal itself. Only the agent can make commands of the round.
 * A command that QEMU refuses leaves no time in its round, but counts.
 */
#include "unanswered_rounds.h"

#include "host-agent/common/json_natural.h"

static bool has_command(const json_t *round)
{
	return json_natural(round, "sync-to-command-us");
}

u64 unanswered_rounds(const json_t *status)
{
	const json_t *rounds = json_object_get(status, "rounds"), *round;
	u64 sealed = 0;
	size_t i;

	/* QEMU lists the latest ones only. */
	if (has_command(json_object_get(status, "first-round")))
		return 0;
	json_array_foreach(rounds, i, round) {
		if (has_command(round))
			return 0;
		sealed += !!json_natural(round, "sync-to-seal-us");
	}
	return sealed;
}

const char *unanswered_why(bool came)
{
	return came ? "QEMU refused the agent's commands or they came late; see the agent's log" :
	       "does freehint-agent run beside it?";
}
