// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's program, sandbox and all, against a QMP server that plays QEMU and a
 * publisher that plays the guest. Skipped when the agent was not built; the
 * variable FREEHINT_AGENT names another one.
 */
/* rig: tests/fakes/agent_rig.c */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "include/freehint/limits.h"
#include "tests/fakes/agent_rig.h"

static bool got_last(struct fake_qmp *server)
{
	return server->lasts;
}

static bool got_mark(struct fake_qmp *server)
{
	return server->marks;
}

static bool got_refusals(struct fake_qmp *server)
{
	return server->refused;
}

static bool refused_enough(struct fake_qmp *server)
{
	return server->refused >= FREEHINT_MAX_REFUSALS;
}

static bool asked_thrice(struct fake_qmp *server)
{
	return server->queries >= 3;
}

static bool never(struct fake_qmp *server)
{
	return false;
}

static void round_reaches_qemu_while_it_is_scanned(void **state)
{
	attach(NULL);
	freehint_write_request(agent_rig.shm, 71, FREEHINT_PHASE_ROUND, 1);
	freehint_open_round(&agent_rig.guest, 71);
	guest_voice_put(&agent_rig.guest, 0xff00, 2);
	assert_true(fake_qmp_serve(&agent_rig.server, got_mark, WAIT_MS));
	assert_int_equal(agent_rig.server.lasts, 0);
	guest_voice_put(&agent_rig.guest, ~0ULL, 1);
	guest_voice_seal(&agent_rig.guest, FREEHINT_SEAL_COMPLETE);
	assert_true(fake_qmp_serve(&agent_rig.server, got_last, WAIT_MS));
	assert_int_equal(agent_rig.server.round, 71);
	assert_int_equal(agent_rig.server.count, 3);
	assert_int_equal(agent_rig.server.ranges[1].start, (64 + 8) * 4096);
	assert_int_equal(agent_rig.server.ranges[1].length, 8 * 4096);
	assert_int_equal(agent_rig.server.ranges[2].length, 64 * 4096);
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void more_ranges_than_buffers_all_arrive(void **state)
{
	unsigned int i;

	attach(NULL);
	agent_rig_publish(72, 0x5555555555555555ULL, 2000);
	assert_true(fake_qmp_serve(&agent_rig.server, got_last, WAIT_MS));
	assert_int_equal(agent_rig.server.count, 64000);
	for (i = 0; i < agent_rig.server.count; i++)
		assert_int_equal(agent_rig.server.ranges[i].start, i * 2ULL * 4096);
	assert_int_equal(stop_agent(SIGINT), 0);
}

static void round_without_a_free_page_still_ends(void **state)
{
	attach(NULL);
	agent_rig_publish(73, 0, 10);
	assert_true(fake_qmp_serve(&agent_rig.server, got_last, WAIT_MS));
	assert_int_equal(agent_rig.server.count, 0);
	assert_int_equal(agent_rig.server.marks, 1);
}

static void incoming_side_is_not_touched(void **state)
{
	unsigned char present[AGENT_RIG_SIZE / 4096];
	int fd;
	void *base;

	agent_rig.server.runstate = "inmigrate";
	/* A file of holes: a page that the agent reads would come into existence. */
	munmap(agent_rig.shm, AGENT_RIG_SIZE);
	assert_int_equal(truncate(agent_rig.shm_path, 0), 0);
	assert_int_equal(truncate(agent_rig.shm_path, AGENT_RIG_SIZE), 0);
	start_agent(NULL);
	expect_said("receives a migration");
	agent_rig.server.runstate = "running";
	agent_rig.server.status = "postcopy-active";
	agent_rig.server.queries = 0;
	assert_true(fake_qmp_serve(&agent_rig.server, asked_thrice, WAIT_MS));
	fd = open(agent_rig.shm_path, O_RDWR);
	base = mmap(NULL, AGENT_RIG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	agent_rig.shm = base;
	assert_int_equal(mincore(base, AGENT_RIG_SIZE, present), 0);
	assert_int_equal(present[0], 0);
	assert_int_equal(freehint_write_host_hello(agent_rig.shm, AGENT_RIG_SIZE,
						   AGENT_RIG_INSTANCE), 0);
	agent_rig.server.status = "completed";
	expect_said("attached");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void file_of_another_qemu_is_refused(void **state)
{
	agent_rig.server.instance = AGENT_RIG_INSTANCE + 1;
	start_agent(NULL);
	expect_said("does not contain this QEMU's instance");
	agent_rig.server.instance = AGENT_RIG_INSTANCE;
	expect_said("attached");
}

static void extension_of_another_version_is_named(void **state)
{
	agent_rig.shm->host_hello.version_min = FREEHINT_VERSION + 1;
	agent_rig.shm->host_hello.version = FREEHINT_VERSION + 2;
	start_agent(NULL);
	expect_said("supports freehint versions 4 to 5, this agent 1 to 3, update the agent");
	agent_rig.shm->host_hello.version_min = 0;
	agent_rig.shm->host_hello.version = FREEHINT_VERSION;
	expect_said("attached");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void guest_of_another_version_is_not_believed(void **state)
{
	const struct freehint_guest_facts facts = { .contract = FREEHINT_CONTRACT_DEAD };

	attach(NULL);
	freehint_publish_hello(&agent_rig.guest, AGENT_RIG_INSTANCE, &facts);
	agent_rig.shm->guest_hello.version = FREEHINT_VERSION + 1;
	agent_rig_publish(78, ~0ULL, 1);
	assert_true(fake_qmp_serve(&agent_rig.server, got_last, WAIT_MS));
	assert_int_equal(agent_rig.server.count, 0);
	expect_said("update this agent, it does not support the guest's version 4; its pages are sent");
}

static void region_that_qemu_does_not_know_is_not_mapped(void **state)
{
	agent_rig.server.size = 0;
	start_agent(NULL);
	expect_said("waiting for the guest to start");
	agent_rig.server.size = AGENT_RIG_SIZE;
	expect_said("attached");
}

static void missing_extension_is_explained(void **state)
{
	agent_rig.server.bare = true;
	start_agent(NULL);
	expect_said("without freehint-qemu.so");
}

static void restarted_qemu_is_found_again(void **state)
{
	attach(NULL);
	fake_qmp_hang_up(&agent_rig.server);
	agent_rig.server.instance = AGENT_RIG_INSTANCE;
	expect_said("closed the connection");
	agent_rig.len = 0;
	expect_said("attached");
	assert_int_equal(agent_rig.server.connections, 2);
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void garbage_on_the_monitor_is_survived(void **state)
{
	attach(NULL);
	fake_qmp_send(&agent_rig.server,
		      "{\"event\": \"NEWS\", \"data\": 7}{\"return\": 1, \"id\": 99}"
		      "{\"return\": {}, \"id\": \"x\"}{}");
	agent_rig.server.queries = 0;
	assert_true(fake_qmp_serve(&agent_rig.server, asked_thrice, WAIT_MS));
	assert_int_equal(agent_rig.server.connections, 1);
	fake_qmp_send(&agent_rig.server, "{\"a\": nonsense}\r\n");
	expect_said("does not speak QMP");
	agent_rig.len = 0;
	expect_said("attached");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

/* Takes memory in the sandbox in all the ways that the allocator knows. */
static void long_messages_are_survived(void **state)
{
	const size_t items = 100000;
	char *text = malloc(64 + items * 8), *end = text;
	size_t i;

	assert_non_null(text);
	attach(NULL);
	end += sprintf(end, "{\"event\": \"NEWS\", \"data\": [");
	for (i = 0; i < items; i++)
		end += sprintf(end, "%zu%s", i, i + 1 < items ? "," : "]}\r\n");
	agent_rig.server.queries = 0;
	fake_qmp_send(&agent_rig.server, text);
	fake_qmp_send(&agent_rig.server, text);
	free(text);
	assert_true(fake_qmp_serve(&agent_rig.server, asked_thrice, WAIT_MS));
	assert_int_equal(agent_rig.server.connections, 1);
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void late_and_refused_commands_are_told_apart(void **state)
{
	attach(NULL);
	agent_rig.server.refusal = "round 74 is closed, no round is open";
	agent_rig_publish(74, 1, 1);
	assert_true(fake_qmp_serve(&agent_rig.server, got_refusals, WAIT_MS));
	expect_said("QEMU closed round 74 first");
	agent_rig.server.refusal = "range 0 is odd";
	agent_rig_publish(75, 1, 1);
	expect_said("QEMU refused hints of round 75, their pages are sent: range 0 is odd");
}

static void round_that_is_too_much_for_qemu_is_given_up(void **state)
{
	attach(NULL);
	agent_rig.server.refusal = "round 76 has more than the 9 ranges " FREEHINT_ERR_FULL;
	agent_rig_publish(76, 0x5555555555555555ULL, 2000);
	assert_true(fake_qmp_serve(&agent_rig.server, got_refusals, WAIT_MS));
	assert_false(fake_qmp_serve(&agent_rig.server, never, 300));
	assert_in_range(agent_rig.server.refused, 1, FREEHINT_MAX_INFLIGHT);
	expect_said("QEMU refused hints of round 76");
	agent_rig.server.refusal = NULL;
	agent_rig_publish(77, 1, 1);
	assert_true(fake_qmp_serve(&agent_rig.server, got_last, WAIT_MS));
}

static void guest_that_names_what_it_has_not_is_given_up(void **state)
{
	attach(NULL);
	agent_rig.server.refusal = "range 0 at 0x0 is outside guest RAM: nothing there";
	agent_rig_publish(78, 0x5555555555555555ULL, 2000);
	assert_true(fake_qmp_serve(&agent_rig.server, refused_enough, WAIT_MS));
	assert_false(fake_qmp_serve(&agent_rig.server, never, 300));
	assert_in_range(agent_rig.server.refused, FREEHINT_MAX_REFUSALS,
			FREEHINT_MAX_REFUSALS + FREEHINT_MAX_INFLIGHT);
}

static void summary_comes_once_at_the_end(void **state)
{
	agent_rig.server.status = "cancelled";
	attach("--once");
	agent_rig.server.status = "active";
	agent_rig_publish(76, ~0ULL, 1);
	assert_true(fake_qmp_serve(&agent_rig.server, got_last, WAIT_MS));
	freehint_write_request(agent_rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	agent_rig.server.status = "completed";
	expect_said("migration completed: 1 rounds (1 sealed");
	assert_non_null(strstr(agent_rig.text, " MB kept off the wire"));
	assert_int_equal(stop_agent(0), 0);
}

static void qemu_that_ends_with_the_migration_gets_a_summary(void **state)
{
	attach("--json");
	agent_rig.server.status = "active";
	agent_rig_publish(77, ~0ULL, 1);
	assert_true(fake_qmp_serve(&agent_rig.server, got_last, WAIT_MS));
	fake_qmp_hang_up(&agent_rig.server);
	expect_said("{\"event\":\"summary\",\"outcome\":\"unknown\"");
	assert_non_null(strstr(agent_rig.text, "\"pages-offered\":64"));
}

static void truncated_file_is_survived(void **state)
{
	attach(NULL);
	assert_int_equal(truncate(agent_rig.shm_path, 0), 0);
	expect_said("was truncated");
	assert_int_equal(truncate(agent_rig.shm_path, AGENT_RIG_SIZE), 0);
	assert_int_equal(freehint_write_host_hello(agent_rig.shm, AGENT_RIG_SIZE,
						   AGENT_RIG_INSTANCE), 0);
	agent_rig.len = 0;
	expect_said("attached");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void silent_qemu_does_not_stop_the_agent_from_ending(void **state)
{
	agent_rig.server.mute = true;
	start_agent(NULL);
	expect_said("connected");
	fake_qmp_serve(&agent_rig.server, never, 200);
	assert_int_equal(stop_agent(SIGTERM), 0);
}

RUN_AGENT_TESTS(
		AGENT_TEST(round_reaches_qemu_while_it_is_scanned),
		AGENT_TEST(more_ranges_than_buffers_all_arrive),
		AGENT_TEST(round_without_a_free_page_still_ends),
		AGENT_TEST(incoming_side_is_not_touched),
		AGENT_TEST(file_of_another_qemu_is_refused),
		AGENT_TEST(extension_of_another_version_is_named),
		AGENT_TEST(guest_of_another_version_is_not_believed),
		AGENT_TEST(region_that_qemu_does_not_know_is_not_mapped),
		AGENT_TEST(missing_extension_is_explained),
		AGENT_TEST(restarted_qemu_is_found_again),
		AGENT_TEST(garbage_on_the_monitor_is_survived),
		AGENT_TEST(long_messages_are_survived),
		AGENT_TEST(late_and_refused_commands_are_told_apart),
		AGENT_TEST(round_that_is_too_much_for_qemu_is_given_up),
		AGENT_TEST(guest_that_names_what_it_has_not_is_given_up),
		AGENT_TEST(summary_comes_once_at_the_end),
		AGENT_TEST(qemu_that_ends_with_the_migration_gets_a_summary),
		AGENT_TEST(truncated_file_is_survived),
		AGENT_TEST(silent_qemu_does_not_stop_the_agent_from_ending),
)
