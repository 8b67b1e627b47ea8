// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that forges what it can write: the request line and the refusal in its hello. It costs
 * QEMU few commands and the operator few lines, and the operator's numbers are QEMU's.
 */
/* rig: tests/fakes/session_rig.c */
#include "host-agent/common/clock.h"
#include "host-agent/common/log.h"
#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"
#include "proto/host_request.h"
#include "tests/fakes/guest_voice.h"
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

#define TRIES	100

static void forged_phase_costs_few_queries(void **state)
{
	u32 phase;

	session_rig_attach();
	fire(EVENT_POLL);
	for (phase = FREEHINT_PHASE_READY; phase < TRIES; phase++) {
		freehint_write_request(session_rig.shm, FREEHINT_NO_ROUND, phase, 0);
		session_rig.session.answers.sent_us = clock_us();
		fire(EVENT_POLL);
		assert_true(session_rig.loop.usec[EVENT_QUERY] > 0);
		assert_true(session_rig.loop.usec[EVENT_QUERY] <= 20000);
	}
}

/* The guest writes it into its hello, and QEMU repeats it. */
static void changing_refusal_costs_few_lines(void **state)
{
	char before[FREEHINT_STATUS_TEXT] = "";
	unsigned int i, lines = 0;

	session_rig.conf.json = true;
	session_rig_attach();
	for (i = 0; i < TRIES; i++) {
		session_rig.server.refuses = i % 2 ? "report=0" : "the guest's kernel uses free pages";
		session_rig_query();
		lines += strcmp(before, session_rig.session.refused) != 0;
		memcpy(before, session_rig.session.refused, sizeof(before));
	}
	assert_in_range(lines, 1, LOG_BURST);
	/* The last one is reported when the time is over. */
	session_rig.session.refusals.window_us -= 2 * LOG_WINDOW_US;
	session_rig_query();
	assert_string_equal(session_rig.session.refused, session_rig.server.refuses);
}

static void hang_up(void)
{
	fake_qmp_hang_up(&session_rig.server);
	session_handle_qmp(&session_rig.session);
	assert_int_equal(session_rig.session.qmp.state, QMP_DOWN);
}

/* QEMU has no such round open, and says so. */
static void forge_round(void)
{
	session_rig.conf.once = true;
	session_rig.server.refusal = FREEHINT_ERR_STALE;
	session_rig_attach();
	session_rig_publish(7);
	fire(EVENT_POLL);
	talk();
	assert_int_equal(session_rig.session.stats.rounds, 1);
	assert_true(session_rig.server.refused > 0);
}

static void forged_round_is_no_migration(void **state)
{
	forge_round();
	hang_up();
	assert_false(session_rig.session.done);
	assert_int_equal(session_rig.session.stats.rounds, 0);
}

/* Its counts are not those of the next migration. */
static void forged_round_that_is_over_is_forgotten(void **state)
{
	forge_round();
	freehint_write_request(session_rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	fire(EVENT_POLL);
	session_rig_query();
	assert_int_equal(session_rig.session.stats.rounds, 0);
	assert_int_equal(session_rig.loop.usec[EVENT_QUERY], 1000000);
}

static void round_that_qemu_took_is_a_migration(void **state)
{
	session_rig.conf.once = true;
	session_rig_attach();
	session_rig_publish(7);
	fire(EVENT_POLL);
	talk();
	hang_up();
	assert_true(session_rig.session.done);
	assert_int_equal(session_rig.session.exit_code, AGENT_EXIT_NOT_COMPLETED);
}

/* @words of the bitmap are 32 ranges each, and a batch has 4096. */
static void forge_long_round(u64 words)
{
	guest_voice_round(&session_rig.guest, session_rig.shm, 7, 0x5555555555555555ULL, words);
	fire(EVENT_POLL);
	talk();
}

static void forged_round_is_slow_while_reporting_is_off(void **state)
{
	unsigned int polls;

	session_rig.server.state = "off";
	session_rig.server.refusal = "hints are refused";
	session_rig_attach();
	forge_long_round(1500);
	for (polls = 1; polls < 5; polls++) {
		assert_in_range(session_rig.server.refused, 1, polls);
		assert_int_equal(session_rig.loop.usec[EVENT_POLL], FREEHINT_POLL_IDLE_US);
		fire(EVENT_POLL);
		talk();
	}
	/* It was started meanwhile: all that is left is sent at once. */
	session_rig.server.refusal = NULL;
	session_rig.server.state = "round";
	session_rig_query();
	assert_int_equal(session_rig.server.lasts, 1);
}

static void forged_round_is_given_up(void **state)
{
	session_rig.server.refusal = FREEHINT_ERR_STALE;
	session_rig_attach();
	forge_long_round(7000);
	assert_in_range(session_rig.server.refused, FREEHINT_MAX_REFUSALS,
			FREEHINT_MAX_REFUSALS + FREEHINT_MAX_INFLIGHT);
}

RUN_TESTS(NULL, NULL,
		SESSION_TEST(forged_phase_costs_few_queries),
		SESSION_TEST(changing_refusal_costs_few_lines),
		SESSION_TEST(forged_round_is_slow_while_reporting_is_off),
		SESSION_TEST(forged_round_is_given_up),
		SESSION_TEST(forged_round_is_no_migration),
		SESSION_TEST(forged_round_that_is_over_is_forgotten),
		SESSION_TEST(round_that_qemu_took_is_a_migration),
)
