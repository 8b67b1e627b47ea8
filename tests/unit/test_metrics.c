// SPDX-License-Identifier: GPL-2.0
/*
 * Metrics: what the text says and does not say, names that need escaping, and when the
 * writer is told.
 */
/* links: host-agent/agent/metrics/prometheus_text.c */
/* links: host-agent/agent/metrics/metrics.c host-agent/agent/migration/migration_phase.c */
/* links: host-agent/common/log.c */
/* links: host-agent/common/printable.c */
/* libs: jansson */
#include <sys/socket.h>
#include <unistd.h>

#include "host-agent/agent/metrics/metrics.h"
#include "tests/unit/unit.h"

static struct metrics metrics;
static struct freehint_status status;
static struct offer_stats offers;
static char text[METRICS_TEXT];

static int setup(void **state)
{
	memset(&status, 0, sizeof(status));
	memset(&offers, 0, sizeof(offers));
	metrics_init(&metrics, "/run/vm1.prom", -1);
	return 0;
}

static const char *format(bool attached)
{
	const struct metrics_view view = {
		.connected = attached, .attached = attached, .status = &status, .offers = &offers,
	};

	size_t len = metrics_format(&metrics, &view, text);

	assert_int_equal(len, strlen(text));
	return text;
}

static bool says(const char *line)
{
	return strstr(format(true), line);
}

static void state_and_counters_are_told(void **state)
{
	status.instance = 7;
	status.state = FREEHINT_STATE_READY;
	status.pages_cleared = 12345678901ULL;
	status.bql_max_us = 1000020;
	assert_true(says("\nfreehint_attached{vm=\"vm1\"} 1\n"));
	assert_true(says("\nfreehint_reporting{vm=\"vm1\"} 1\n"));
	assert_true(says("\nfreehint_refused{vm=\"vm1\"} 0\n"));
	assert_true(says("# TYPE freehint_pages_skipped_total counter\n"
			 "freehint_pages_skipped_total{vm=\"vm1\"} 12345678901\n"));
	assert_true(says("\nfreehint_big_lock_longest_seconds{vm=\"vm1\"} 1.000020\n"));
}

/* A counter that falls to 0 and comes back counts as new; one that is away does not. */
static void counters_of_a_qemu_that_is_gone_are_left_out(void **state)
{
	assert_null(strstr(format(false), "freehint_rounds_total"));
	assert_non_null(strstr(text, "freehint_attached{vm=\"vm1\"} 0\n"));
	assert_non_null(strstr(text, "freehint_pages_offered_total{vm=\"vm1\"} 0\n"));
}

static void migrations_add_up(void **state)
{
	const struct agent_stats stats = { .faulty = 2, .pages_offered = 64 };

	struct migration_summary sum = {
		.outcome = OUTCOME_COMPLETED, .agent = &stats, .before = &status, .after = &status,
	};

	metrics_count(&metrics, &sum);
	sum.outcome = OUTCOME_NONE;
	metrics_count(&metrics, &sum);
	assert_true(says("freehint_migrations_ended_total{vm=\"vm1\",outcome=\"completed\"} 1\n"));
	assert_true(says("freehint_migrations_ended_total{vm=\"vm1\",outcome=\"unknown\"} 1\n"));
	assert_true(says("freehint_migrations_ended_total{vm=\"vm1\",outcome=\"failed\"} 0\n"));
	assert_true(says("freehint_rounds_faulty_total{vm=\"vm1\"} 4\n"));
	assert_true(says("freehint_pages_offered_total{vm=\"vm1\"} 128\n"));
}

/* Nothing is told of a migration before there was one: a zero would look like a bad one. */
static void the_last_migration_is_told(void **state)
{
	const struct agent_stats stats = { .sealed = 1, .free_pages = 3 }, silent = { .sealed = 0 };
	const struct freehint_status before = { .bytes_skipped = 100 };
	struct migration_summary sum = {
		.outcome = OUTCOME_COMPLETED, .stop_ms = 12, .agent = &stats, .before = &before,
		.after = &status,
	};

	assert_false(says("freehint_last_migration"));
	assert_false(says("freehint_guest_free_bytes"));
	assert_false(says("freehint_guest_memory_end_bytes"));
	status.instance = 7;
	status.guest_present = true;
	status.guest_end = 1 << 20;
	status.bytes_skipped = 5000;
	metrics_count(&metrics, &sum);
	assert_true(says("\nfreehint_guest_memory_end_bytes{vm=\"vm1\"} 4294967296\n"));
	assert_true(says("\nfreehint_guest_free_bytes{vm=\"vm1\"} 12288\n"));
	assert_true(says("\nfreehint_last_migration_skipped_bytes{vm=\"vm1\"} 4900\n"));
	assert_true(says("\nfreehint_last_migration_stop_seconds{vm=\"vm1\"} 0.012000\n"));
	sum.agent = &silent;
	metrics_count(&metrics, &sum);
	assert_true(says("\nfreehint_guest_free_bytes{vm=\"vm1\"} 12288\n"));
}

/* As if another QEMU had taken its place, which has counted less so far. */
static void counts_that_went_back_are_no_huge_number(void **state)
{
	const struct agent_stats stats = { .sealed = 0 };
	const struct freehint_status before = { .bytes_skipped = 100 };
	const struct migration_summary sum = {
		.outcome = OUTCOME_NONE, .agent = &stats, .before = &before, .after = &status,
	};

	status.bytes_skipped = 60;
	metrics_count(&metrics, &sum);
	assert_true(says("\nfreehint_last_migration_skipped_bytes{vm=\"vm1\"} 0\n"));
}

/* Nobody has asked the guest, or it has not answered: that is no guest without free memory. */
static void what_a_migration_did_not_learn_is_not_told(void **state)
{
	const struct agent_stats silent = { .sealed = 0 };
	const struct agent_stats declined = { .sealed = 3, .declined = 2, .aborted = 1 };
	const struct agent_stats good = { .sealed = 2, .declined = 1, .free_pages = 5 };
	struct migration_summary sum = {
		.outcome = OUTCOME_COMPLETED, .agent = &silent, .before = &status, .after = &status,
	};

	status.instance = 7;
	metrics_count(&metrics, &sum);
	assert_false(says("freehint_guest_free_bytes"));
	assert_false(says("freehint_first_hint_seconds"));
	assert_true(says("\nfreehint_last_migration_skipped_bytes{vm=\"vm1\"} 0\n"));
	sum.agent = &declined;
	metrics_count(&metrics, &sum);
	assert_false(says("freehint_guest_free_bytes"));
	sum.agent = &good;
	status.first_apply_us = 1500;
	metrics_count(&metrics, &sum);
	assert_true(says("\nfreehint_guest_free_bytes{vm=\"vm1\"} 20480\n"));
	assert_true(says("\nfreehint_first_hint_seconds{vm=\"vm1\"} 0.001500\n"));
	sum.agent = &declined;
	sum.outcome = OUTCOME_CANCELLED;
	metrics_count(&metrics, &sum);
	assert_true(says("\nfreehint_guest_free_bytes{vm=\"vm1\"} 20480\n"));
	assert_false(says("freehint_last_migration_stop_seconds"));
}

static void memory_given_back_is_told(void **state)
{
	status.instance = 7;
	offers = (struct offer_stats){ .refused = 3, .malformed = 4 };
	assert_null(strstr(format(true), "give_back_bytes"));
	assert_true(says("\nfreehint_give_back_offers_total{vm=\"vm1\",result=\"malformed\"} 4\n"));
	assert_false(says("result=\"done\""));
	status.give_back = (struct give_back_status){
		.known = true, .mode = GIVE_BACK_ALWAYS, .asking = true, .bytes = 8192,
		.offers_done = 5, .resident = 4096, .discard_us = 1500000,
	};
	assert_true(says("\nfreehint_give_back_bytes_total{vm=\"vm1\"} 8192\n"));
	assert_true(says("\nfreehint_give_back_enabled{vm=\"vm1\"} 1\n"));
	assert_true(says("\nfreehint_give_back_asking{vm=\"vm1\"} 1\n"));
	assert_true(says("\nfreehint_give_back_refused{vm=\"vm1\"} 0\n"));
	assert_true(says("\nfreehint_qemu_resident_bytes{vm=\"vm1\"} 4096\n"));
	assert_true(says("freehint_give_back_discard_seconds_total{vm=\"vm1\"} 1.500000\n"));
	assert_true(says("freehint_give_back_offers_total{vm=\"vm1\",result=\"done\"} 5\n"));
	assert_true(says("freehint_give_back_offers_total{vm=\"vm1\",result=\"refused\"} 3\n"));
}

static void only_an_agent_that_is_to_watch_pressure_tells_of_it(void **state)
{
	struct metrics_view view = { .status = &status, .offers = &offers };

	assert_false(says("freehint_pressure_watched"));
	view.pressure = true;
	metrics_format(&metrics, &view, text);
	assert_non_null(strstr(text, "\nfreehint_pressure_watched{vm=\"vm1\"} 0\n"));
	view.watched = true;
	metrics_format(&metrics, &view, text);
	assert_non_null(strstr(text, "\nfreehint_pressure_watched{vm=\"vm1\"} 1\n"));
}

static void every_name_has_one_head(void **state)
{
	char name[128], *head;

	status.instance = 7;
	for (head = strstr(format(true), "# TYPE "); head; head = strstr(head + 1, "# TYPE ")) {
		assert_int_equal(sscanf(head, "# TYPE %127s", name), 1);
		assert_non_null(strstr(head, "\nfreehint_"));
		strcat(name, " ");
		assert_null(strstr(head + 7 + strlen(name), name));
	}
}

static void names_make_labels(void **state)
{
	static const char *const names[][2] = {
		{ "/run/vm1.prom", "vm1" },
		{ "/x/.prom", ".prom" },
		{ "a\"b\\c\nd", "a\\\"b\\\\c\\nd" },
		/* systemd's escapes: of a byte, of two that are one character, of what is none */
		{ "my\\x20vm\\x2D1.prom", "my vm-1" },
		{ "\\xc3\\xa9\xc3\xa9.prom", "\xc3\xa9\xc3\xa9" },
		{ "\\x5cx20\\x22\\x0a.prom", "\\\\x20\\\"\\n" },
		{ "\\xzz\\x2.prom", "\\\\xzz\\\\x2" },
		/* what cannot be a label stays escaped */
		{ "a\\xff.prom", "a\\\\xff" },
		{ "a\\x00b.prom", "a\\\\x00b" },
		{ "a\xff\xc3.prom", "a??" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		metrics_init(&metrics, names[i][0], -1);
		assert_string_equal(metrics.label, names[i][1]);
	}
}

/* They differ in their last byte only, and each byte takes four of systemd's. */
static void long_names_stay_apart(void **state)
{
	char one[PROM_LABEL], path[512] = "/run/";
	size_t i;

	for (i = 0; i < 60; i++)
		strcat(path, "\\x20");
	strcat(path, "1");
	metrics_init(&metrics, path, -1);
	assert_int_equal(strlen(metrics.label), 61);
	memcpy(one, metrics.label, sizeof(one));
	path[strlen(path) - 1] = '2';
	metrics_init(&metrics, path, -1);
	assert_string_not_equal(metrics.label, one);
	memset(path, 'x', 255);
	path[255] = '\0';
	metrics_init(&metrics, path, -1);
	assert_int_equal(strlen(metrics.label), 255);
}

static void all_of_it_fits(void **state)
{
	const struct agent_stats stats = { .sealed = 1, .free_pages = ~0ULL >> 12 };
	const struct migration_summary sum = {
		.outcome = OUTCOME_COMPLETED, .stop_ms = ~0ULL / 1000, .agent = &stats,
		.before = &status, .after = &status,
	};
	char longest[512];

	memset(longest, '"', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	metrics_init(&metrics, longest, -1);
	assert_int_equal(strlen(metrics.label), PROM_LABEL - 1);
	status.instance = 7;
	status.guest_present = true;
	status.guest_end = ~0ULL >> 12;
	memset(&status.rounds, 0xff, sizeof(status) - offsetof(struct freehint_status, rounds));
	memset(&status.give_back.order, 0xff,
	       sizeof(status.give_back) - offsetof(struct give_back_status, order));
	memset(&offers, 0xff, sizeof(offers));
	status.give_back.known = true;
	metrics_count(&metrics, &sum);
	assert_non_null(strstr(format(true), "outcome=\"cancelled\""));
	assert_non_null(strstr(text, "\nfreehint_last_migration_stop_seconds"));
	/* A line that is left out leaves less room than that. */
	assert_true(strlen(text) < METRICS_TEXT - 1024);
}

/* Return: length of what the writer got, 0 if nothing. */
static size_t heard(int socket)
{
	ssize_t len = recv(socket, text, sizeof(text), MSG_DONTWAIT);

	return len > 0 ? (size_t)len : 0;
}

static void writer_is_told_what_is_new(void **state)
{
	struct metrics_view view = {
		.attached = true, .status = &status, .offers = &offers,
	};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	metrics_init(&metrics, "vm1", pair[0]);
	metrics_send(&metrics, &view, false);
	assert_true(heard(pair[1]) > 0);
	metrics_send(&metrics, &view, true);
	assert_int_equal(heard(pair[1]), 0);
	view.attached = false;
	metrics_send(&metrics, &view, false);
	assert_int_equal(heard(pair[1]), 0);
	metrics_send(&metrics, &view, true);
	assert_true(heard(pair[1]) > 0);
	close(pair[1]);
	view.attached = true;
	metrics_send(&metrics, &view, true);
	assert_int_equal(metrics.writer, -1);
	metrics_send(&metrics, &view, true);
	close(pair[0]);
}

/*
 * Prometheus may have seen no count of this migration, so all are in it, but nothing that
 * an alert would take for an agent that is there.
 */
static void numbers_of_a_guest_that_moved_are_left(void **state)
{
	const struct agent_stats stats = { .sealed = 1, .free_pages = 3 };
	const struct migration_summary sum = {
		.outcome = OUTCOME_COMPLETED, .stop_ms = 12, .agent = &stats, .before = &status,
		.after = &status,
	};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	metrics_init(&metrics, "vm1", pair[0]);
	metrics_send_moved(&metrics);
	assert_int_equal(heard(pair[1]), 0);
	status.instance = 7;
	status.guest_present = true;
	status.guest_end = 1 << 20;
	status.bytes_skipped = 8192;
	status.rounds = 5;
	metrics_count(&metrics, &sum);
	memset(&status, 0, sizeof(status));
	metrics_send_moved(&metrics);
	text[heard(pair[1])] = '\0';
	assert_ptr_equal(strstr(text, METRICS_MOVED), text);
	assert_non_null(strstr(text, "\nfreehint_guest_memory_end_bytes{vm=\"vm1\"} 4294967296\n"));
	assert_non_null(strstr(text, "\nfreehint_guest_free_bytes{vm=\"vm1\"} 12288\n"));
	assert_non_null(strstr(text, "\nfreehint_last_migration_stop_seconds{vm=\"vm1\"} 0.012"));
	assert_non_null(strstr(text, "\nfreehint_skipped_bytes_total{vm=\"vm1\"} 8192\n"));
	assert_non_null(strstr(text, "\nfreehint_rounds_total{vm=\"vm1\"} 5\n"));
	assert_non_null(strstr(text, "\nfreehint_pages_offered_total{vm=\"vm1\"} 0\n"));
	assert_non_null(strstr(text, "{vm=\"vm1\",outcome=\"completed\"} 1\n"));
	assert_null(strstr(text, "attached"));
	assert_null(strstr(text, "connected"));
	assert_null(strstr(text, "freehint_refused"));
	close(pair[0]);
	close(pair[1]);
}

/* QEMU counts on while it is kept after its migration. */
static void the_farewell_counts_no_less_than_was_shown(void **state)
{
	const struct agent_stats stats = { .sealed = 1 };
	const struct migration_summary sum = {
		.outcome = OUTCOME_COMPLETED, .agent = &stats, .before = &status, .after = &status,
	};
	const struct metrics_view view = {
		.connected = true, .attached = true, .status = &status, .offers = &offers,
	};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	metrics_init(&metrics, "vm1", pair[0]);
	status.instance = 7;
	status.rounds = 5;
	metrics_count(&metrics, &sum);
	status.rounds = 6;
	metrics_send(&metrics, &view, true);
	assert_true(heard(pair[1]) > 0);
	memset(&status, 0, sizeof(status));
	metrics_send_moved(&metrics);
	text[heard(pair[1])] = '\0';
	assert_non_null(strstr(text, "\nfreehint_rounds_total{vm=\"vm1\"} 6\n"));
	close(pair[0]);
	close(pair[1]);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test_setup(state_and_counters_are_told, setup),
		cmocka_unit_test_setup(counters_of_a_qemu_that_is_gone_are_left_out, setup),
		cmocka_unit_test_setup(migrations_add_up, setup),
		cmocka_unit_test_setup(the_last_migration_is_told, setup),
		cmocka_unit_test_setup(counts_that_went_back_are_no_huge_number, setup),
		cmocka_unit_test_setup(what_a_migration_did_not_learn_is_not_told, setup),
		cmocka_unit_test_setup(memory_given_back_is_told, setup),
		cmocka_unit_test_setup(only_an_agent_that_is_to_watch_pressure_tells_of_it, setup),
		cmocka_unit_test_setup(every_name_has_one_head, setup),
		cmocka_unit_test_setup(names_make_labels, setup),
		cmocka_unit_test_setup(long_names_stay_apart, setup),
		cmocka_unit_test_setup(all_of_it_fits, setup),
		cmocka_unit_test_setup(writer_is_told_what_is_new, setup),
		cmocka_unit_test_setup(numbers_of_a_guest_that_moved_are_left, setup),
		cmocka_unit_test_setup(the_farewell_counts_no_less_than_was_shown, setup),
)
