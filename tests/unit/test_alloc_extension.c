// SPDX-License-Identifier: GPL-2.0
/*
 * The extension when memory, a thread or a random number is refused: for every such
 * call in the life of a QEMU, once. Either QEMU does not load it, or reporting does
 * not start and the reason is told; the next try works, and so does the migration.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h tests/fakes/fail_nth.c */
/* links: host-agent/qemu-module/entry/map_command.c */
/* links: host-agent/qemu-module/entry/map_given.c host-agent/qemu-module/map/resident.c */
/* links: host-agent/qemu-module/round/apply_thread.c */
/* links: host-agent/qemu-module/entry/commands.c */
/* links: host-agent/qemu-module/entry/wake_command.c */
/* links: host-agent/qemu-module/entry/give_back_command.c */
/* links: host-agent/qemu-module/entry/give_back_query.c */
/* links: host-agent/qemu-module/entry/query_command.c */
/* links: host-agent/qemu-module/give-back/discard_command.c */
/* links: host-agent/qemu-module/round/mark_clean.c */
/* links: host-agent/qemu-module/core/range_source.c */
/* links: host-agent/qemu-module/core/range_check.c */
/* links: host-agent/qemu-module/core/qmp_args.c */
/* links: host-agent/qemu-module/core/ram_map.c tests/fakes/fake_qobject.c */
/* links: tests/fakes/fake_log.c tests/fakes/fake_discard.c */
/* libs: jansson */
#include <unistd.h>

#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/entry/commands.h"
#include "host-agent/qemu-module/give-back/give_back_session.h"
#include "host-agent/qemu-module/round/host_hello.h"
#include "host-agent/qemu-module/round/precopy.h"
#include "host-agent/qemu-module/round/reporting.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "host-agent/qemu-module/postcopy/switchover.h"
#include "include/freehint/qmp_names.h"
#include "tests/fakes/fail_nth.h"
#include "tests/fakes/fake_discard.h"
#include "tests/fakes/fake_log.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/fakes/fake_qobject.h"
#include "tests/fakes/guest_voice.h"
#include "tests/unit/unit.h"

#define RAM		(4ULL << 20)
#define SHM_SIZE	(64ULL << 10)
#define PAGES		16
#define MOST_CALLS	100
#define COMMANDS	8

/* What a child found: nothing failed, all is well, or a number of a line. */
#define NO_FAILURE	42
#define SURVIVED	43

/* In a child; the parent prints the line. */
#define must(condition)					\
	do {						\
		if (!(condition)) {			\
			fprintf(stderr, "line %d, %s: %s\n", __LINE__,	\
				fail_nth_failed(), fake.error);		\
			exit(99);			\
		}					\
	} while (0)

static struct {
	const char *name;
	qemu_qmp_fn *fn;
} commands[COMMANDS];
static unsigned int known;

static void remember(void *list, const char *name, qemu_qmp_fn *fn, int options,
		     unsigned int features)
{
	commands[known].name = name;
	commands[known++].fn = fn;
}

/* Return: true when the command did not set an error. */
static bool run(const char *name, json_t *args)
{
	unsigned int i = 0;
	json_t *answer;
	bool accepted;

	while (i < known && strcmp(commands[i].name, name))
		i++;
	must(i < known);
	answer = fake_run(commands[i].fn, args);
	accepted = answer;
	json_decref(answer);
	return accepted;
}

static void no_thread_registration(void)
{
}

static void make_qemu(void)
{
	fake_qemu_init();
	fake_qobject_init();
	fake_discard_install();
	fake_log_install();
	qemu.qmp_register_command = remember;
	qemu.rcu_register_thread = no_thread_registration;
	fake_add_block(0, RAM);
	fake.shm = fake_region_new(SHM_SIZE);
	fake.shm_size = SHM_SIZE;
}

static void publish_guest_hello(void)
{
	struct freehint_publisher pub;

	must(guest_voice_hello(&pub, fake.shm, SHM_SIZE, FREEHINT_CONTRACT_DEAD,
			       FREEHINT_REFUSAL_NONE));
}

/* A failure is told, and the next try finds what was missing. */
static void start(void)
{
	if (!run(FREEHINT_QMP_QUERY, json_object()))
		must(fail_nth_failed());
	if (bar_is_attached())
		publish_guest_hello();
	if (run(FREEHINT_QMP_START, json_object()))
		return;
	must(fail_nth_failed() && strstr(fake.error, "reporting cannot start"));
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	if (bar_is_attached())
		publish_guest_hello();
	must(run(FREEHINT_QMP_START, json_object()));
}

/* The first session needs a random number. */
static void give_back(void)
{
	const struct freehint_shm *shm = fake.shm;
	json_t *mode = json_pack("{s:s}", "mode", "always");

	must(run(FREEHINT_QMP_GIVE_BACK, mode));
	if (!shm->give_back_request.session) {
		must(fail_nth_failed());
		fake_time_passes();
	}
	must(shm->give_back_request.session);
	must(run(FREEHINT_QMP_GIVE_BACK, json_pack("{s:s}", "mode", "off")));
	must(!shm->give_back_request.session);
}

static u64 open_round(void)
{
	const struct freehint_shm *shm = fake.shm;

	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	must(!shm->host_request.round);
	fake_notify(QEMU_PRECOPY_SETUP);
	return shm->host_request.round;
}

static struct freehint_counters counters(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.counters;
}

static void hint(u64 round)
{
	u64 before = counters().pages_accepted;

	must(round);
	must(run(FREEHINT_QMP_MARK, json_pack("{s:I, s:[{s:i, s:i}], s:b}", "round",
					      (json_int_t)round, "ranges", "start", 2 << 20,
					      "length", PAGES * 4096, "last", 1)));
	while (counters().pages_accepted < before + PAGES)
		;
}

static void migrate(void)
{
	const struct freehint_shm *shm = fake.shm;

	hint(open_round());
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	must(!shm->host_request.round);
	fake_notify(QEMU_PRECOPY_COMPLETE);
	fake_notify(QEMU_PRECOPY_CLEANUP);
}

/* Without memory to remember what is skipped, nothing is. */
static void migrate_with_postcopy(void)
{
	u64 before = counters().pages_switchover, round;

	fake.postcopy = true;
	round = open_round();
	if (!round) {
		must(fail_nth_failed() && strstr(reporting_refusal(), "no memory"));
		fake_notify(QEMU_PRECOPY_CLEANUP);
		round = open_round();
	}
	hint(round);
	fake.running = false;
	fake_log_sync();
	must(counters().pages_switchover == before + PAGES);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	fake.running = true;
	fake.postcopy = false;
}

/* A reset must make the old kernel's hello stale, whatever is refused. */
static void reset(void)
{
	struct freehint_guest_hello hello;
	u64 before = bar_info().instance;

	must(!bar_read_guest_hello(&hello));
	fake.reset(NULL);
	must(bar_info().instance != before && bar_info().instance);
	must(bar_info().instance <= FREEHINT_ROUND_MAX);
	must(bar_read_guest_hello(&hello) == -ENOENT);
}

/* The life of one QEMU, in which the @n-th call fails. */
static int live(unsigned int n)
{
	make_qemu();
	fail_nth_arm(n);
	if (bar_init("freehint")) {
		must(fail_nth_failed());
		return SURVIVED;
	}
	precopy_init(&(struct precopy_limits){ .first_wait_us = 0 });
	give_back_init(&(struct give_back_params){ .mode = GIVE_BACK_OFF });
	host_hello_init();
	switchover_init();
	commands_register();
	fake.state(NULL, true, 0);
	start();
	give_back();
	migrate();
	reset();
	publish_guest_hello();
	migrate_with_postcopy();
	fail_nth_pause(true);
	return fail_nth_failed() ? SURVIVED : NO_FAILURE;
}

static int live_in_child(unsigned int n)
{
	pid_t child = fork();

	if (!child)
		exit(live(n));
	return child_exit(child);
}

static void every_call_may_fail_once(void **state)
{
	unsigned int n;
	int found = SURVIVED;

	for (n = 1; n <= MOST_CALLS && found != NO_FAILURE; n++) {
		found = live_in_child(n);
		if (found != SURVIVED && found != NO_FAILURE)
			fail_msg("call %u: %d", n, found);
	}
	print_message("%u calls\n", n - 2);
	assert_int_equal(found, NO_FAILURE);
	assert_true(n > 7);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(every_call_may_fail_once),
)
