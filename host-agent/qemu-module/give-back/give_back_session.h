/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For how long and why the guest is asked for its free memory: mode, session, pause. Call
 * everything under the BQL, in the main loop unless noted.
 */
#ifndef FREEHINT_GIVE_BACK_SESSION_H
#define FREEHINT_GIVE_BACK_SESSION_H

#include "../../../include/freehint/types.h"

/**
 * enum give_back_mode - how long the guest is asked
 * @GIVE_BACK_OFF:    not at all
 * @GIVE_BACK_ONCE:   until it finds nothing more to offer
 * @GIVE_BACK_ALWAYS: until it is switched off
 * @GIVE_BACK_MODES:  number of modes
 */
enum give_back_mode {
	GIVE_BACK_OFF,
	GIVE_BACK_ONCE,
	GIVE_BACK_ALWAYS,
	GIVE_BACK_MODES,
};

/**
 * struct give_back_params - what the administrator wants
 * @mode:  for how long
 * @order: smallest order worth an offer, 1 to FREEHINT_BLOCK_MAX_ORDER, or 0 for what suits @mode
 * @leave: free memory that the guest keeps, MiB
 */
struct give_back_params {
	enum give_back_mode mode;
	u32 order;
	u64 leave;
};

/**
 * struct give_back_view - for x-query-freehint
 * @params:     as given
 * @asking:     a session is in the request line
 * @paused:     why not, although the mode is not off; NULL
 * @refused:    what stands against giving back, whatever the mode; NULL
 * @drained:    the guest has found nothing more to offer since the last command
 * @elapsed_us: from the command until it was drained or the mode was switched off, or so far
 * @guest_offers: offers that the guest counts in this session, unchecked
 * @guest_withdrawn: of them, taken back by the guest, unchecked
 */
struct give_back_view {
	struct give_back_params params;
	bool asking;
	const char *paused;
	const char *refused;
	bool drained;
	u64 elapsed_us;
	u64 guest_offers;
	u64 guest_withdrawn;
};

/** give_back_mode_name() - as QMP and the options spell it */
const char *give_back_mode_name(enum give_back_mode mode);

/** give_back_mode_parse() - the mode of this name; GIVE_BACK_MODES: there is none */
enum give_back_mode give_back_mode_parse(const char *name);

/**
 * give_back_init() - once at load
 * @params: from the start; copied. The guest is asked as soon as its module is there
 */
void give_back_init(const struct give_back_params *params);

/**
 * give_back_set() - what x-freehint-give-back does
 * @params: copied
 * @why:  set to the reason on failure, a static string
 *
 * The caller counts the time with the BQL held, here, at give_back_resume() and give_back_look().
 *
 * Return: false if this guest or this QEMU cannot give memory back; the mode is unchanged.
 */
bool give_back_set(const struct give_back_params *params, const char **why);

/**
 * give_back_suspend() - stop asking for now; decline the offer in progress
 * @why: static string, for x-query-freehint
 *
 * Call it before the region or the guest's memory changes hands. It takes no lock and frees
 * nothing, so the migration thread may call it in the first sync.
 *
 * Context: BQL held, any thread.
 */
void give_back_suspend(const char *why);

/** give_back_resume() - ask again, if it is wanted and nothing stands against it */
void give_back_resume(void);

/** give_back_is_asking() - is a session in the request line? The region is in use then */
bool give_back_is_asking(void);

/**
 * give_back_obstacle() - why no offer may be taken now
 *
 * Withdraws the session if there is an obstacle.
 *
 * Return: a static string, NULL if one may.
 */
const char *give_back_obstacle(void);

/** give_back_look() - bring everything up to date, and fill @view */
void give_back_look(struct give_back_view *view);

#endif /* FREEHINT_GIVE_BACK_SESSION_H */
