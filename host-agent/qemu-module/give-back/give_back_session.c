// SPDX-License-Identifier: GPL-2.0
/*
 * For how long and why the guest is asked for its free memory: mode, session, pause.
 *
 * A session is a number in the request line of the region. As long as it stands there, the
 * guest offers its free blocks. It is withdrawn as soon as anything stands against giving
 * back, and another one takes its place when that is over. Session numbers never repeat, like
 * round ids: an offer for an earlier session can be recognised.
 *
 * Nothing tells the extension that a migration has ended, that the guest's module has come,
 * or that the guest is drained. So a timer looks, once a second while the mode is not off, and
 * every ten milliseconds while the guest is being drained.
 */
#define _GNU_SOURCE
#include <string.h>

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../core/bar.h"
#include "../core/main_loop_timer.h"
#include "../core/qemu_abi.h"
#include "../gate/id_base.h"
#include "../map/page_map.h"
#include "discard_slices.h"
#include "discardable.h"
#include "give_back_session.h"
#include "obstacle.h"
#include "offer.h"

/* Interval of looks, and the one while a guest has offers. */
#define LOOK_NS		(1000 * QEMU_MS)
#define FAST_LOOK_NS	(10 * QEMU_MS)
/* A guest that has had no offer for this long is not being drained any more. */
#define IDLE_US		1000000
/* MiB to pages */
#define MIB_SHIFT	(20 - FREEHINT_PAGE_SHIFT)

/*
 * Guarded by the BQL.
 *
 * @session: in the request line, FREEHINT_NO_SESSION: the guest is not asked. @next: the next
 * one, FREEHINT_NO_SESSION: no number was drawn yet. @start_us: the command came. @end_us: the
 * guest was drained, or the mode was switched off; 0: neither. @active_us: the session began,
 * or an offer was seen. @seen: number of offers at that time. @guest: the guest's counters of
 * the last session.
 */
static struct {
	struct qemu_timer timer;
	struct give_back_params params;
	u64 session;
	u64 next;
	const char *paused;
	bool drained;
	u64 start_us;
	u64 end_us;
	u64 active_us;
	u64 seen;
	struct freehint_give_back_state guest;
} back;

static const char *const mode_names[GIVE_BACK_MODES] = {
	[GIVE_BACK_OFF] = "off",
	[GIVE_BACK_ONCE] = "once",
	[GIVE_BACK_ALWAYS] = "always",
};

const char *give_back_mode_name(enum give_back_mode mode)
{
	return mode_names[mode];
}

enum give_back_mode give_back_mode_parse(const char *name)
{
	enum give_back_mode mode = GIVE_BACK_OFF;

	while (mode < GIVE_BACK_MODES && strcmp(name, mode_names[mode]) != 0)
		mode++;
	return mode;
}

static bool draw_base(void)
{
	if (back.next == FREEHINT_NO_SESSION)
		back.next = id_base_draw();
	return back.next != FREEHINT_NO_SESSION;
}

/* Copies the guest's counters of the session, and sees whether it is drained. */
static void look_at_guest(void)
{
	struct freehint_give_back_state state;

	if (offer_counters.offers != back.seen)
		back.active_us = clock_us();
	back.seen = offer_counters.offers;
	if (back.session == FREEHINT_NO_SESSION || bar_read_give_back_state(back.session, &state))
		return;
	back.guest = state;
	if (!state.drained || back.drained)
		return;
	back.drained = true;
	back.end_us = clock_us();
}

static void withdraw(const char *why)
{
	back.paused = why;
	if (back.session == FREEHINT_NO_SESSION)
		return;
	look_at_guest();
	offer_give_up();
	back.session = FREEHINT_NO_SESSION;
	bar_write_give_back_request(FREEHINT_NO_SESSION, 0, 0);
}

static void ask(void)
{
	u32 order = discardable_order();

	if (back.params.order < order)
		back.params.order = order;
	memset(&back.guest, 0, sizeof(back.guest));
	back.paused = NULL;
	back.active_us = clock_us();
	back.session = back.next++;
	bar_write_give_back_request(back.session, back.params.order,
				    back.params.leave << MIB_SHIFT);
}

static const char *lasting(const struct give_back_params *params)
{
	const char *why = discard_slices_failure();

	return why ? why : obstacle_lasting(params->mode == GIVE_BACK_OFF ? 0 : params->order);
}

static const char *obstacle(void)
{
	const char *why = lasting(&back.params);

	if (!why && !draw_base())
		why = "no random number from the kernel; the next look tries again";
	if (!why && page_map_init(&given_map, bar_info().capacity))
		why = "no memory to record what is given back; free some on this host";
	return why ? why : obstacle_passing();
}

/* A guest that was drained once is done, if that was all that was wanted. */
static void end_if_done(void)
{
	if (back.params.mode != GIVE_BACK_ONCE || !back.drained)
		return;
	withdraw(NULL);
	back.params.mode = GIVE_BACK_OFF;
}

static void bring_up_to_date(void)
{
	const char *why;

	if (back.params.mode == GIVE_BACK_OFF)
		return;
	why = obstacle();
	if (why)
		withdraw(why);
	else if (back.session == FREEHINT_NO_SESSION)
		ask();
	else
		look_at_guest();
	end_if_done();
}

static u64 look_interval(void)
{
	bool idle = clock_us() - back.active_us > IDLE_US;

	return back.session == FREEHINT_NO_SESSION || idle ? LOOK_NS : FAST_LOOK_NS;
}

static void set_timer(void)
{
	if (back.params.mode == GIVE_BACK_OFF)
		return;
	main_loop_timer_in(&back.timer, look_interval());
}

static void time_to_look(void *opaque)
{
	struct offer_hold hold = offer_hold_began();

	(void)opaque;
	bring_up_to_date();
	set_timer();
	offer_hold_ended(hold);
}

/* Return: the parameters with the order that suits their mode where they name none. */
static struct give_back_params with_order(struct give_back_params params)
{
	if (!params.order)
		params.order = params.mode == GIVE_BACK_ONCE ? FREEHINT_GIVE_BACK_ORDER_ONCE :
							   FREEHINT_GIVE_BACK_ORDER_ALWAYS;
	return params;
}

static void begin(struct give_back_params params)
{
	back.params = params;
	back.drained = false;
	back.start_us = clock_us();
	back.end_us = 0;
}

void give_back_init(const struct give_back_params *params)
{
	main_loop_timer_init(&back.timer, time_to_look);
	offer_init();
	if (params->mode == GIVE_BACK_OFF)
		return;
	begin(with_order(*params));
	back.paused = "the guest has not run here yet; it is asked when it does";
}

static void switch_off(void)
{
	withdraw(NULL);
	if (back.params.mode != GIVE_BACK_OFF && !back.end_us)
		back.end_us = clock_us();
	back.params.mode = GIVE_BACK_OFF;
}

static bool begin_anew(const struct give_back_params *params, const char **why)
{
	const struct give_back_params whole = with_order(*params);

	discard_slices_forget_failure();
	discardable_forget_all();
	*why = lasting(&whole);
	if (*why)
		return false;
	/* A running session has the old order. End it and begin another. */
	withdraw(NULL);
	begin(whole);
	bring_up_to_date();
	set_timer();
	return true;
}

bool give_back_set(const struct give_back_params *params, const char **why)
{
	struct offer_hold hold = offer_hold_began();
	bool done = true;

	if (params->mode == GIVE_BACK_OFF)
		switch_off();
	else
		done = begin_anew(params, why);
	offer_hold_ended(hold);
	return done;
}

void give_back_suspend(const char *why)
{
	if (back.params.mode != GIVE_BACK_OFF)
		withdraw(why);
	offer_give_up();
}

void give_back_resume(void)
{
	struct offer_hold hold = offer_hold_began();

	bring_up_to_date();
	set_timer();
	offer_hold_ended(hold);
}

bool give_back_is_asking(void)
{
	return back.session != FREEHINT_NO_SESSION;
}

const char *give_back_obstacle(void)
{
	const char *why = obstacle();

	if (why)
		withdraw(why);
	return why;
}

void give_back_look(struct give_back_view *view)
{
	struct offer_hold hold = offer_hold_began();
	u64 end;

	bring_up_to_date();
	offer_hold_ended(hold);
	end = back.end_us ? back.end_us : clock_us();
	*view = (struct give_back_view) {
		.params = back.params,
		.asking = give_back_is_asking(),
		.paused = back.params.mode != GIVE_BACK_OFF ? back.paused : NULL,
		.refused = lasting(&back.params),
		.drained = back.drained,
		.elapsed_us = back.start_us ? end - back.start_us : 0,
		.guest_offers = back.guest.offers,
		.guest_withdrawn = back.guest.withdrawn,
	};
}
