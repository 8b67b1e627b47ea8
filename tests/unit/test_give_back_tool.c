// SPDX-License-Identifier: GPL-2.0
/*
 * freehint give-back against a QEMU that asks its guest: it ends with the guest's last
 * block, Ctrl-C restores what was found, and every other end has its code and its words.
 */
/* links: host-agent/cli/give_back.c host-agent/cli/give_back_options.c */
/* links: host-agent/cli/option_number.c */
/* links: host-agent/cli/give_back_watch.c host-agent/common/give_back_status.c */
/* links: host-agent/cli/interrupts.c host-agent/cli/progress.c host-agent/cli/terminal.c */
/* links: host-agent/cli/qmp_call.c host-agent/common/qmp_stream.c */
/* links: host-agent/cli/printable_json.c host-agent/common/printable.c */
/* links: host-agent/common/standard_streams.c tests/fakes/fake_qmp_server.c */
/* libs: jansson */
/* flags: -pthread */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "host-agent/cli/commands.h"
#include "tests/fakes/fake_qmp_server.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS	60000
#define MB		1000000ULL
#define BUSY		"another driver of the guest has page reporting"

/**
 * struct play - a QEMU and what happens there
 * @server:    who answers
 * @drain:     the guest is drained at this query after the command, 0: never
 * @interrupt: @signal comes with this query after the command, 0: never
 * @signal:    Ctrl-C unless told
 * @stopper:   another client sets this mode with the query @stop_at
 * @hang_up:   the connection breaks at this query
 * @bytes:     that come at each query after the command
 * @refused:   something stands against it at this query and later, 0: never
 * @allowed:   and no more at this one
 * @reboots:   the refusal is that of a guest without a module
 * @looks:     queries since the command
 * @over:      the tool has ended
 * @text:      what it printed, to both outputs
 */
static struct play {
	struct fake_qmp server;
	int drain;
	int interrupt;
	int signal;
	const char *stopper;
	int stop_at;
	int hang_up;
	u64 bytes;
	int refused;
	int allowed;
	bool reboots;
	int looks;
	volatile bool over;
	char text[8192];
} play;

/* The session is withdrawn, the mode stays, and nothing more comes. */
static void refuse(struct fake_qmp *server)
{
	bool refused = play.looks >= play.refused &&
		       (!play.allowed || play.looks < play.allowed);

	if (!play.refused)
		return;
	server->back_refused = refused ? BUSY : "";
	server->paused = server->back_refused;
	server->give_back_refusal = refused ? BUSY : NULL;
	server->asking = !refused;
	server->guest_left = refused && play.reboots;
}

static void take_look(struct fake_qmp *server)
{
	play.looks++;
	refuse(server);
	server->bytes += play.bytes;
	server->resident -= play.bytes;
	if (play.looks == play.interrupt)
		kill(getpid(), play.signal);
	if (play.stopper && play.looks == play.stop_at) {
		server->mode = play.stopper;
		server->asking = strcmp(play.stopper, "off") != 0;
	}
	if (play.looks != play.drain)
		return;
	server->drained = true;
	if (strcmp(server->mode, "once") != 0)
		return;
	server->mode = "off";
	server->asking = false;
}

static bool meddle(struct fake_qmp *server, const char *name, json_int_t id)
{
	if (strcmp(name, FREEHINT_QMP_QUERY) != 0 || !server->give_backs)
		return false;
	take_look(server);
	if (play.looks != play.hang_up)
		return false;
	fake_qmp_hang_up(server);
	return true;
}

static bool is_over(struct fake_qmp *server)
{
	return play.over;
}

static void *serve(void *opaque)
{
	fake_qmp_serve(&play.server, is_over, PATIENCE_MS);
	return opaque;
}

static int setup(void **state)
{
	char path[64];

	memset(&play, 0, sizeof(play));
	snprintf(path, sizeof(path), "/tmp/freehint-give-back-%d", getpid());
	if (fake_qmp_listen(&play.server, path))
		return -1;
	play.server.meddle = meddle;
	play.server.can_give_back = true;
	play.server.resident = 100 * MB;
	play.bytes = MB;
	play.drain = 3;
	play.signal = SIGINT;
	return 0;
}

static int teardown(void **state)
{
	fake_qmp_close(&play.server);
	return 0;
}

static enum cli_exit run_with(const char *option)
{
	char word[][16] = { "give-back", "--qmp", "" };
	char *argv[] = { word[0], word[1], play.server.path, word[2], NULL };
	int kept[2] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
	FILE *said = tmpfile();
	enum cli_exit code;
	pthread_t thread;

	assert_non_null(said);
	snprintf(word[2], sizeof(word[2]), "%s", option);
	assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
	fflush(stdout);
	dup2(fileno(said), STDOUT_FILENO);
	dup2(fileno(said), STDERR_FILENO);
	code = cli_give_back(4, argv);
	fflush(stdout);
	dup2(kept[0], STDOUT_FILENO);
	dup2(kept[1], STDERR_FILENO);
	close(kept[0]);
	close(kept[1]);
	play.over = true;
	pthread_join(thread, NULL);
	rewind(said);
	play.text[fread(play.text, 1, sizeof(play.text) - 1, said)] = '\0';
	fclose(said);
	fputs(play.text, stderr);
	return code;
}

static void expect_text(const char *text)
{
	if (!strstr(play.text, text))
		fail_msg("not said: %s", text);
}

static void ends_with_the_last_block(void **state)
{
	assert_int_equal(run_with("--leave=5"), CLI_OK);
	assert_int_equal(play.server.leave, 5);
	assert_int_equal(play.server.give_backs, 1);
	expect_text("3.0 MB given back in 0.00 s, 100.0 MB resident before, 97.0 MB after");
}

/* The guest's kernel has an order since its boot: the lower one that was given is no reason. */
static void nothing_at_a_given_order_has_a_word(void **state)
{
	play.bytes = 0;
	assert_int_equal(run_with("--order=1"), CLI_OK);
	expect_text("since the guest's boot");
	play.over = false;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	assert_null(strstr(play.text, "since the guest's boot"));
}

static void always_stays_on_after_the_first_time(void **state)
{
	assert_int_equal(run_with("--always"), CLI_OK);
	assert_string_equal(play.server.mode, "always");
	assert_true(play.server.asking);
}

static void stop_turns_it_off(void **state)
{
	play.server.mode = "always";
	play.server.asking = true;
	assert_int_equal(run_with("--stop"), CLI_OK);
	assert_string_equal(play.server.mode, "off");
}

static void an_interrupt_stops_asking(void **state)
{
	play.drain = 0;
	play.interrupt = 2;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	assert_string_equal(play.server.mode, "off");
	expect_text("QEMU asks the guest no longer");
}

static void an_interrupt_restores_what_was_found(void **state)
{
	play.server.mode = "always";
	play.drain = 0;
	play.interrupt = 2;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	assert_string_equal(play.server.mode, "always");
	expect_text("goes on as before");
}

/* Without an agent there is no other end, and nobody else gets the monitor. Not under nohup. */
static void a_terminal_that_is_gone_stops_asking(void **state)
{
	play.drain = 20;
	play.interrupt = 2;
	play.signal = SIGHUP;
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(run_with("--quiet"), CLI_OK);
	signal(SIGHUP, SIG_DFL);
	play.over = false;
	play.looks = 0;
	play.server.drained = false;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	expect_text("QEMU asks the guest no longer");
}

static void one_time_does_not_end_what_lasts(void **state)
{
	play.server.mode = "always";
	assert_int_equal(run_with("--quiet"), CLI_OK);
	assert_string_equal(play.server.mode, "always");
	assert_int_equal(play.server.give_backs, 2);
}

static void what_another_client_wants_stays(void **state)
{
	play.drain = 0;
	play.stopper = "always";
	play.stop_at = 2;
	play.interrupt = 2;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	assert_string_equal(play.server.mode, "always");
	assert_int_equal(play.server.give_backs, 1);
}

static void another_client_can_stop_it(void **state)
{
	play.drain = 0;
	play.stopper = "off";
	play.stop_at = 2;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	expect_text("another client has stopped it");
}

static void a_pause_is_named_once(void **state)
{
	const char *said;

	play.server.paused = "a migration runs";
	play.drain = 5;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	expect_text("paused: a migration runs");
	said = strstr(play.text, "paused");
	assert_null(strstr(said + 1, "paused"));
}

static void a_connection_that_breaks_is_made_again(void **state)
{
	play.drain = 5;
	play.hang_up = 2;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	assert_int_equal(play.server.connections, 2);
}

static void a_refusal_is_told(void **state)
{
	play.server.give_back_refusal = "memory backend 'ram' has prealloc=on";
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	expect_text("memory backend 'ram' has prealloc=on");
}

/* The guest finds out only when it is asked: the command itself was accepted. */
static void what_is_refused_later_ends_it(void **state)
{
	play.drain = 0;
	play.refused = 1;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	assert_string_equal(play.server.mode, "off");
	assert_null(strstr(play.text, "goes on by itself"));
	expect_text("refused: " BUSY);
	expect_text("QEMU asks the guest no longer");
}

/* Until its module has come back there is no hello, which QEMU counts as a refusal. */
static void a_guest_that_reboots_is_waited_for(void **state)
{
	play.refused = 2;
	play.allowed = 8;
	play.drain = 12;
	play.reboots = true;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	expect_text("paused: " BUSY "; it goes on by itself");
}

/* QEMU would refuse "always" now. */
static void what_cannot_be_restored_is_named(void **state)
{
	play.server.mode = "always";
	play.drain = 0;
	play.refused = 2;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	assert_string_equal(play.server.mode, "off");
	expect_text("mode always, which was on before");
}

/* It was to last, and what stands against it may go away. */
static void always_stays_on_although_it_is_refused(void **state)
{
	play.drain = 0;
	play.refused = 2;
	assert_int_equal(run_with("--always"), CLI_NO_ANSWER);
	assert_string_equal(play.server.mode, "always");
	assert_int_equal(play.server.give_backs, 1);
	expect_text("refused: " BUSY);
	expect_text("--stop");
}

/* The guest publishes its hello again, and QEMU looked in between. */
static void a_moment_is_no_refusal(void **state)
{
	play.refused = 2;
	play.allowed = 3;
	play.drain = 5;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	assert_null(strstr(play.text, BUSY));
}

static void what_another_client_wants_stays_although_it_is_refused(void **state)
{
	play.drain = 0;
	play.refused = 2;
	play.stopper = "always";
	play.stop_at = 2;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	assert_string_equal(play.server.mode, "always");
	assert_int_equal(play.server.give_backs, 1);
}

static void an_old_extension_is_told(void **state)
{
	play.server.can_give_back = false;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	expect_text("update freehint-qemu.so");
	play.over = false;
	play.server.bare = true;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	expect_text("runs without the extension");
}

RUN_TESTS(NULL, NULL,
		TEST(ends_with_the_last_block),
		TEST(nothing_at_a_given_order_has_a_word),
		TEST(always_stays_on_after_the_first_time),
		TEST(stop_turns_it_off),
		TEST(an_interrupt_stops_asking),
		TEST(an_interrupt_restores_what_was_found),
		TEST(a_terminal_that_is_gone_stops_asking),
		TEST(one_time_does_not_end_what_lasts),
		TEST(what_another_client_wants_stays),
		TEST(another_client_can_stop_it),
		TEST(a_pause_is_named_once),
		TEST(a_connection_that_breaks_is_made_again),
		TEST(a_refusal_is_told),
		TEST(what_is_refused_later_ends_it),
		TEST(a_guest_that_reboots_is_waited_for),
		TEST(what_cannot_be_restored_is_named),
		TEST(always_stays_on_although_it_is_refused),
		TEST(a_moment_is_no_refusal),
		TEST(what_another_client_wants_stays_although_it_is_refused),
		TEST(an_old_extension_is_told),
)
