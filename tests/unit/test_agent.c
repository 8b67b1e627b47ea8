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
	freehint_write_request(rig.shm, 71, FREEHINT_PHASE_ROUND, 1);
	freehint_open_round(&rig.guest, 71);
	guest_voice_put(&rig.guest, 0xff00, 2);
	assert_true(fake_qmp_serve(&rig.server, got_mark, WAIT_MS));
	assert_int_equal(rig.server.lasts, 0);
	guest_voice_put(&rig.guest, ~0ULL, 1);
	guest_voice_seal(&rig.guest, FREEHINT_SEAL_COMPLETE);
	assert_true(fake_qmp_serve(&rig.server, got_last, WAIT_MS));
	assert_int_equal(rig.server.round, 71);
	assert_int_equal(rig.server.count, 3);
	assert_int_equal(rig.server.ranges[1].start, (64 + 8) * 4096);
	assert_int_equal(rig.server.ranges[1].length, 8 * 4096);
	assert_int_equal(rig.server.ranges[2].length, 64 * 4096);
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void more_ranges_than_buffers_all_arrive(void **state)
{
	unsigned int i;

	attach(NULL);
	publish(72, 0x5555555555555555ULL, 2000);
	assert_true(fake_qmp_serve(&rig.server, got_last, WAIT_MS));
	assert_int_equal(rig.server.count, 64000);
	for (i = 0; i < rig.server.count; i++)
		assert_int_equal(rig.server.ranges[i].start, i * 2ULL * 4096);
	assert_int_equal(stop_agent(SIGINT), 0);
}

static void round_without_a_free_page_still_ends(void **state)
{
	attach(NULL);
	publish(73, 0, 10);
	assert_true(fake_qmp_serve(&rig.server, got_last, WAIT_MS));
	assert_int_equal(rig.server.count, 0);
	assert_int_equal(rig.server.marks, 1);
}

static void incoming_side_is_not_touched(void **state)
{
	unsigned char present[SIZE / 4096];
	int fd;
	void *base;

	rig.server.runstate = "inmigrate";
	/* A file of holes: a page that the agent reads would come into existence. */
	munmap(rig.shm, SIZE);
	assert_int_equal(truncate(rig.shm_path, 0), 0);
	assert_int_equal(truncate(rig.shm_path, SIZE), 0);
	start_agent(NULL);
	expect_said("receives a migration");
	rig.server.runstate = "running";
	rig.server.status = "postcopy-active";
	rig.server.queries = 0;
	assert_true(fake_qmp_serve(&rig.server, asked_thrice, WAIT_MS));
	fd = open(rig.shm_path, O_RDWR);
	base = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	rig.shm = base;
	assert_int_equal(mincore(base, SIZE, present), 0);
	assert_int_equal(present[0], 0);
	assert_int_equal(freehint_write_host_hello(rig.shm, SIZE, INSTANCE), 0);
	rig.server.status = "completed";
	expect_said("attached");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void file_of_another_qemu_is_refused(void **state)
{
	rig.server.instance = INSTANCE + 1;
	start_agent(NULL);
	expect_said("does not contain this QEMU's instance");
	rig.server.instance = INSTANCE;
	expect_said("attached");
}

static void extension_of_another_version_is_named(void **state)
{
	rig.shm->host_hello.version_min = FREEHINT_VERSION + 1;
	rig.shm->host_hello.version = FREEHINT_VERSION + 2;
	start_agent(NULL);
	expect_said("supports freehint versions 4 to 5, this agent 1 to 3, update the agent");
	rig.shm->host_hello.version_min = 0;
	rig.shm->host_hello.version = FREEHINT_VERSION;
	expect_said("attached");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void guest_of_another_version_is_not_believed(void **state)
{
	const struct freehint_guest_facts facts = { .contract = FREEHINT_CONTRACT_DEAD };

	attach(NULL);
	freehint_publish_hello(&rig.guest, INSTANCE, &facts);
	rig.shm->guest_hello.version = FREEHINT_VERSION + 1;
	publish(78, ~0ULL, 1);
	assert_true(fake_qmp_serve(&rig.server, got_last, WAIT_MS));
	assert_int_equal(rig.server.count, 0);
	expect_said("update this agent, it does not support the guest's version 4; its pages are sent");
}

static void region_that_qemu_does_not_know_is_not_mapped(void **state)
{
	rig.server.size = 0;
	start_agent(NULL);
	expect_said("waiting for the guest to start");
	rig.server.size = SIZE;
	expect_said("attached");
}

static void missing_extension_is_explained(void **state)
{
	rig.server.bare = true;
	start_agent(NULL);
	expect_said("without freehint-qemu.so");
}

static void restarted_qemu_is_found_again(void **state)
{
	attach(NULL);
	fake_qmp_hang_up(&rig.server);
	rig.server.instance = INSTANCE;
	expect_said("closed the connection");
	rig.len = 0;
	expect_said("attached");
	assert_int_equal(rig.server.connections, 2);
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void garbage_on_the_monitor_is_survived(void **state)
{
	attach(NULL);
	fake_qmp_send(&rig.server, "{\"event\": \"NEWS\", \"data\": 7}{\"return\": 1, \"id\": 99}"
		      "{\"return\": {}, \"id\": \"x\"}{}");
	rig.server.queries = 0;
	assert_true(fake_qmp_serve(&rig.server, asked_thrice, WAIT_MS));
	assert_int_equal(rig.server.connections, 1);
	fake_qmp_send(&rig.server, "{\"a\": nonsense}\r\n");
	expect_said("does not speak QMP");
	rig.len = 0;
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
	rig.server.queries = 0;
	fake_qmp_send(&rig.server, text);
	fake_qmp_send(&rig.server, text);
	free(text);
	assert_true(fake_qmp_serve(&rig.server, asked_thrice, WAIT_MS));
	assert_int_equal(rig.server.connections, 1);
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void late_and_refused_commands_are_told_apart(void **state)
{
	attach(NULL);
	rig.server.refusal = "round 74 is closed, no round is open";
	publish(74, 1, 1);
	assert_true(fake_qmp_serve(&rig.server, got_refusals, WAIT_MS));
	expect_said("QEMU closed round 74 first");
	rig.server.refusal = "range 0 is odd";
	publish(75, 1, 1);
	expect_said("QEMU refused hints of round 75, their pages are sent: range 0 is odd");
}

static void round_that_is_too_much_for_qemu_is_given_up(void **state)
{
	attach(NULL);
	rig.server.refusal = "round 76 has more than the 9 ranges " FREEHINT_ERR_FULL;
	publish(76, 0x5555555555555555ULL, 2000);
	assert_true(fake_qmp_serve(&rig.server, got_refusals, WAIT_MS));
	assert_false(fake_qmp_serve(&rig.server, never, 300));
	assert_in_range(rig.server.refused, 1, FREEHINT_MAX_INFLIGHT);
	expect_said("QEMU refused hints of round 76");
	rig.server.refusal = NULL;
	publish(77, 1, 1);
	assert_true(fake_qmp_serve(&rig.server, got_last, WAIT_MS));
}

static void guest_that_names_what_it_has_not_is_given_up(void **state)
{
	attach(NULL);
	rig.server.refusal = "range 0 at 0x0 is outside guest RAM: nothing there";
	publish(78, 0x5555555555555555ULL, 2000);
	assert_true(fake_qmp_serve(&rig.server, refused_enough, WAIT_MS));
	assert_false(fake_qmp_serve(&rig.server, never, 300));
	assert_in_range(rig.server.refused, FREEHINT_MAX_REFUSALS,
			FREEHINT_MAX_REFUSALS + FREEHINT_MAX_INFLIGHT);
}

static void summary_comes_once_at_the_end(void **state)
{
	rig.server.status = "cancelled";
	attach("--once");
	rig.server.status = "active";
	publish(76, ~0ULL, 1);
	assert_true(fake_qmp_serve(&rig.server, got_last, WAIT_MS));
	freehint_write_request(rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	rig.server.status = "completed";
	expect_said("migration completed: 1 rounds (1 sealed");
	assert_non_null(strstr(rig.text, " MB kept off the wire"));
	assert_int_equal(stop_agent(0), 0);
}

static void qemu_that_ends_with_the_migration_gets_a_summary(void **state)
{
	attach("--json");
	rig.server.status = "active";
	publish(77, ~0ULL, 1);
	assert_true(fake_qmp_serve(&rig.server, got_last, WAIT_MS));
	fake_qmp_hang_up(&rig.server);
	expect_said("{\"event\":\"summary\",\"outcome\":\"unknown\"");
	assert_non_null(strstr(rig.text, "\"pages-offered\":64"));
}

static void truncated_file_is_survived(void **state)
{
	attach(NULL);
	assert_int_equal(truncate(rig.shm_path, 0), 0);
	expect_said("was truncated");
	assert_int_equal(truncate(rig.shm_path, SIZE), 0);
	assert_int_equal(freehint_write_host_hello(rig.shm, SIZE, INSTANCE), 0);
	rig.len = 0;
	expect_said("attached");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void silent_qemu_does_not_stop_the_agent_from_ending(void **state)
{
	rig.server.mute = true;
	start_agent(NULL);
	expect_said("connected");
	fake_qmp_serve(&rig.server, never, 200);
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
