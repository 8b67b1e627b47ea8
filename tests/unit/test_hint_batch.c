// SPDX-License-Identifier: GPL-2.0
/*
 * Batches against the real publisher and a QMP client that only writes down what it is
 * given: when a batch leaves, what is in it, and what answers and errors do to it.
 */
/* links: host-agent/agent/hint_flow.c host-agent/agent/hint_batch.c */
/* links: host-agent/agent/hint_round.c */
/* links: host-agent/common/bits_to_ranges.c */
/* links: host-agent/common/log.c proto/host_snapshot.c proto/host_request.c */
/* links: proto/guest_publish.c */
/* libs: jansson */
#include "host-agent/agent/hint_flow.h"
#include "host-agent/common/log.h"
#include "proto/guest_publish.h"
#include "proto/host_request.h"
#include "tests/unit/unit.h"

#define REGION		(1 << 17)
#define INSTANCE	77
#define ALTERNATE	0x5555555555555555ULL
#define MANY		64

/** struct sent - one command that the batch gave to the client */
struct sent {
	enum qmp_command command;
	unsigned int cookie;
	unsigned int count;
	bool last;
};

static struct {
	struct freehint_shm *shm;
	struct freehint_publisher guest;
	struct hint_flow flow;
	struct agent_stats stats;
	struct qmp_client qmp;
	struct sent sent[MANY];
	unsigned int count;
	unsigned int fail_at;
	int error;
} rig;

/* Instead of qmp_client.c. */
int qmp_client_send(struct qmp_client *client, enum qmp_command command,
		    unsigned int cookie, int fd, const char *fmt, ...)
{
	struct sent *sent = &rig.sent[rig.count];
	char text[QMP_MAX_TEXT];
	const char *count;
	va_list args;

	assert_ptr_equal(client, &rig.qmp);
	assert_true(rig.count < MANY);
	if (rig.error && rig.count == rig.fail_at)
		return rig.error;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	assert_true((fd >= 0) == (command == QMP_GETFD));
	count = strstr(text, "\"count\":");
	*sent = (struct sent){
		.command = command,
		.cookie = cookie,
		.count = count ? (unsigned int)atoi(count + strlen("\"count\":")) : 0,
		.last = strstr(text, "\"last\":true"),
	};
	rig.count++;
	return 0;
}

static int setup(void **state)
{
	log_init(LOG_LEVEL_ERROR);
	memset(&rig, 0, sizeof(rig));
	rig.shm = aligned_alloc(4096, REGION);
	assert_non_null(rig.shm);
	memset(rig.shm, 0, REGION);
	assert_int_equal(freehint_write_host_hello(rig.shm, REGION, INSTANCE), 0);
	assert_int_equal(freehint_publisher_attach(&rig.guest, rig.shm, REGION), 0);
	assert_int_equal(hint_flow_init(&rig.flow, &rig.qmp, &rig.stats), 0);
	return hint_round_attach(&rig.flow.round, rig.shm, REGION);
}

static int teardown(void **state)
{
	hint_flow_free(&rig.flow);
	free(rig.shm);
	return 0;
}

static void open_round(u64 id)
{
	freehint_write_request(rig.shm, id, FREEHINT_PHASE_ROUND, 1);
	freehint_open_round(&rig.guest, id);
}

static void put(u64 word, u64 count)
{
	while (count--)
		freehint_put_words(&rig.guest, &word, 1);
	freehint_advance(&rig.guest);
}

static void seal(void)
{
	const struct freehint_seal_facts facts = { .status = FREEHINT_SEAL_COMPLETE };

	freehint_seal_round(&rig.guest, &facts);
}

static int pump(void)
{
	return hint_flow_poll(&rig.flow);
}

static void answer(enum qmp_command command, unsigned int cookie, const char *error)
{
	struct qmp_message message = {
		.kind = error ? QMP_MESSAGE_ERROR : QMP_MESSAGE_REPLY,
		.command = command, .cookie = cookie, .name = "GenericError", .desc = error,
	};

	hint_flow_reply(&rig.flow, &message);
}

static void expect_mark(unsigned int index, unsigned int count, bool last)
{
	assert_true(rig.count >= 2 * index + 2);
	assert_int_equal(rig.sent[2 * index].command, QMP_GETFD);
	assert_int_equal(rig.sent[2 * index + 1].command, QMP_MARK_CLEAN);
	assert_int_equal(rig.sent[2 * index].cookie, rig.sent[2 * index + 1].cookie);
	assert_int_equal(rig.sent[2 * index + 1].count, count);
	assert_int_equal(rig.sent[2 * index + 1].last, last);
}

static void first_ranges_leave_at_once_and_the_rest_gathers(void **state)
{
	open_round(1);
	put(1, 3);
	assert_int_equal(pump(), 0);
	expect_mark(0, 3, false);
	put(1, 2);
	assert_int_equal(pump(), 0);
	put(1, 2);
	assert_int_equal(pump(), 0);
	assert_int_equal(rig.count, 2);
	answer(QMP_GETFD, 0, NULL);
	answer(QMP_MARK_CLEAN, 0, NULL);
	assert_int_equal(pump(), 0);
	expect_mark(1, 4, false);
}

static void full_batches_do_not_wait(void **state)
{
	open_round(1);
	put(ALTERNATE, 300);
	assert_int_equal(pump(), 0);
	expect_mark(0, FREEHINT_MAX_RANGES, false);
	expect_mark(1, FREEHINT_MAX_RANGES, false);
	assert_int_equal(rig.count, 4);
	assert_int_equal(rig.flow.batch.count, 300 * 32 - 2 * FREEHINT_MAX_RANGES);
}

static void nothing_is_copied_while_all_buffers_travel(void **state)
{
	u64 copied;

	open_round(1);
	put(ALTERNATE, 8 * FREEHINT_MAX_RANGES / 32);
	put(ALTERNATE, 1000);
	seal();
	assert_int_equal(pump(), 0);
	assert_int_equal(rig.count, 2 * FREEHINT_MAX_INFLIGHT);
	assert_false(hint_batch_has_room(&rig.flow.batch));
	copied = rig.flow.round.copied;
	assert_int_equal(pump(), 0);
	assert_int_equal(rig.flow.round.copied, copied);
	answer(QMP_MARK_CLEAN, 3, NULL);
	assert_int_equal(pump(), 0);
	assert_int_equal(rig.count, 2 * FREEHINT_MAX_INFLIGHT + 2);
	assert_int_equal(rig.sent[2 * FREEHINT_MAX_INFLIGHT].cookie, 3);
}

static void sealed_round_ends_with_last(void **state)
{
	open_round(1);
	put(1, 1);
	seal();
	assert_int_equal(pump(), 0);
	expect_mark(0, 1, true);
	assert_int_equal(pump(), 0);
	assert_int_equal(rig.count, 2);
}

static void half_a_batch_of_a_dead_round_is_dropped(void **state)
{
	open_round(1);
	put(1, 1);
	assert_int_equal(pump(), 0);
	put(1, 5);
	assert_int_equal(pump(), 0);
	assert_int_equal(rig.flow.batch.count, 5);
	open_round(2);
	put(0, 3);
	put(1, 2);
	answer(QMP_MARK_CLEAN, 0, NULL);
	assert_int_equal(pump(), 0);
	expect_mark(1, 2, false);
	assert_int_equal(rig.flow.batch.buffers[rig.sent[3].cookie].records[0].start,
			 3 * 64 * 4096);
	assert_int_equal(rig.flow.batch.buffers[rig.sent[3].cookie].round, 2);
}

static void broken_connection_is_told_and_forgotten(void **state)
{
	unsigned int at;

	for (at = 0; at < 2; at++) {
		rig.count = 0;
		rig.fail_at = at;
		rig.error = -EPIPE;
		open_round(10 + at);
		put(1, 1);
		assert_int_equal(pump(), -EPIPE);
		hint_batch_reset(&rig.flow.batch);
		hint_round_detach(&rig.flow.round);
		assert_int_equal(hint_round_attach(&rig.flow.round, rig.shm, REGION), 0);
		rig.error = 0;
		rig.count = 0;
		seal();
		assert_int_equal(pump(), 0);
		expect_mark(0, 1, true);
		hint_batch_reset(&rig.flow.batch);
	}
}

static void late_and_other_errors_are_counted_apart(void **state)
{
	open_round(1);
	put(1, 1);
	assert_int_equal(pump(), 0);
	answer(QMP_GETFD, 0, "no descriptor");
	assert_int_equal(rig.flow.batch.busy, 1);
	answer(QMP_MARK_CLEAN, 0, "round 1 is stale, round 2 is open");
	assert_int_equal(rig.stats.refused_late, 1);
	assert_int_equal(rig.flow.batch.busy, 0);
	put(1, 1);
	assert_int_equal(pump(), 0);
	answer(QMP_MARK_CLEAN, 0, "");
	assert_int_equal(rig.stats.refused_other, 1);
	put(1, 1);
	assert_int_equal(pump(), 0);
	freehint_write_request(rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	answer(QMP_MARK_CLEAN, 0, "whatever");
	assert_int_equal(rig.stats.refused_late, 2);
	assert_int_equal(rig.stats.refused_other, 1);
}

static void a_round_that_was_given_up_sends_nothing_more(void **state)
{
	open_round(1);
	put(1ULL << 63, 1);
	assert_int_equal(pump(), 0);
	expect_mark(0, 1, false);
	/* One range waits in the batch, and one in the round, whose run may grow. */
	put(1ULL << 63, 2);
	assert_int_equal(pump(), 0);
	answer(QMP_MARK_CLEAN, 0, "the number of ranges " FREEHINT_ERR_FULL);
	assert_int_equal(rig.stats.refused_other, 1);
	assert_int_equal(pump(), 0);
	assert_int_equal(rig.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_ranges_leave_at_once_and_the_rest_gathers),
		TEST(full_batches_do_not_wait),
		TEST(nothing_is_copied_while_all_buffers_travel),
		TEST(sealed_round_ends_with_last),
		TEST(half_a_batch_of_a_dead_round_is_dropped),
		TEST(broken_connection_is_told_and_forgotten),
		TEST(late_and_other_errors_are_counted_apart),
		TEST(a_round_that_was_given_up_sends_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
