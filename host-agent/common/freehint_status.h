/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reply to x-query-freehint as a struct. Missing or invalid members read as 0: the
 * extension may be older or newer than the agent.
 */
#ifndef FREEHINT_STATUS_H
#define FREEHINT_STATUS_H

#include <jansson.h>

#include "give_back_status.h"
#include "include/freehint/limits.h"
#include "include/freehint/types.h"

#define FREEHINT_STATUS_TEXT	FREEHINT_REASON_MAX

/**
 * enum freehint_state - what the extension does
 * @FREEHINT_STATE_OFF:   nothing; x-freehint-start was not sent
 * @FREEHINT_STATE_READY: reporting is on; no round is open
 * @FREEHINT_STATE_ROUND: a round is open
 */
enum freehint_state {
	FREEHINT_STATE_OFF,
	FREEHINT_STATE_READY,
	FREEHINT_STATE_ROUND,
};

/**
 * struct freehint_status - the members of the reply that the agent uses
 * @instance:        random number in the region's host hello
 * @state:           what the extension does
 * @refused:         why hinting is off although it was started, or ""
 * @region_size:     bytes of the region
 * @guest_present:   a guest module has published its hello
 * @guest_end:       one past the highest page that the guest may report
 * @give_back:       state and counters of giving memory back
 * @rounds:          rounds opened; all counters from here on count since QEMU started
 * @pages_accepted:  pages handed to the dirty bitmap in time
 * @pages_late:      pages whose round was over before they were applied
 * @commands_refused: mark-clean commands refused
 * @bytes_skipped:   bytes whose dirty bit was cleared
 * @migrations:      migrations in which a round was opened
 * @rounds_sealed:   rounds that the guest sealed
 * @rounds_refused:  syncs without a round although reporting was on
 * @pages_cleared:   accepted pages that were still dirty
 * @arm_us:          time to arm the dirty log, microseconds
 * @bql_total_us:    time with QEMU's big lock held, microseconds
 * @bql_max_us:      longest single hold of that lock, microseconds
 * @first_apply_us:  first round: from the sync to the first page applied
 * @waited_us:       first round: how long the migration waited for hints
 */
struct freehint_status {
	u64 instance;
	enum freehint_state state;
	char refused[FREEHINT_STATUS_TEXT];
	u64 region_size;
	bool guest_present;
	u64 guest_end;
	struct give_back_status give_back;
	u64 rounds;
	u64 pages_accepted;
	u64 pages_late;
	u64 commands_refused;
	u64 bytes_skipped;
	u64 migrations;
	u64 rounds_sealed;
	u64 rounds_refused;
	u64 pages_cleared;
	u64 arm_us;
	u64 bql_total_us;
	u64 bql_max_us;
	u64 first_apply_us;
	u64 waited_us;
};

/** freehint_status_lacks_module() - is the missing module all that @status is refused for? */
bool freehint_status_lacks_module(const struct freehint_status *status);

/** freehint_status_parse() - fill @status from the reply; Return: 0, or -EPROTO and it stays */
int freehint_status_parse(struct freehint_status *status, const json_t *reply);

#endif /* FREEHINT_STATUS_H */
