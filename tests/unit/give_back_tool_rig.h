/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests of freehint give-back have in common: a QEMU that asks its guest, what
 * happens there meanwhile, and the run of the tool.
 */
/* links: host-agent/cli/give-back/give_back.c host-agent/cli/give-back/give_back_options.c */
/* links: host-agent/cli/options/option_number.c host-agent/cli/options/common_options.c */
/* links: host-agent/cli/terminal/complain.c host-agent/cli/terminal/printable_line.c */
/* links: host-agent/cli/give-back/give_back_watch.c host-agent/common/give_back_status.c */
/* links: host-agent/cli/terminal/interrupts.c host-agent/cli/terminal/progress.c */
/* links: host-agent/cli/terminal/terminal.c */
/* links: host-agent/cli/qmp/qmp_call.c host-agent/common/qmp_stream.c */
/* links: host-agent/cli/qmp/printable_json.c host-agent/common/printable.c */
/* links: host-agent/common/read_json.c */
/* links: host-agent/common/standard_streams.c tests/fakes/fake_qmp_server.c */
/* libs: jansson */
/* flags: -pthread */
#ifndef FREEHINT_TEST_GIVE_BACK_TOOL_RIG_H
#define FREEHINT_TEST_GIVE_BACK_TOOL_RIG_H

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "host-agent/cli/commands.h"
#include "tests/fakes/fake_qmp_server.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS	60000
#define MB		1000000ULL
#define ENDLESS		1000000U
/* From one Ctrl-C to the next: steps of the server, which take a millisecond when it is idle. */
#define PRESS_STEPS	200
/* Longer than a QEMU that was given up gets, for its answer and for its greeting. */
#define LATE_US		1500000
#define BUSY		"another driver of the guest has page reporting"

/**
 * struct play - a QEMU and what happens there
 * @server:    who answers
 * @drain:     the guest is drained at this query after the command, 0: never
 * @interrupt: @signal comes with this query after the command, 0: never
 * @signal:    Ctrl-C unless told
 * @stopper:   another client sets this mode with the query @stop_at
 * @hang_up:   the connection breaks at this query
 * @lost:      the connection breaks at this give-back command, which is not taken
 * @late:      Ctrl-C comes with the first give-back command, which is answered later
 * @broken:    what else happens when the connection breaks, or NULL
 * @looked:    what else happens at each query after the command, or NULL
 * @bytes:     that come at each query after the command
 * @refused:   something stands against it at this query and later, 0: never
 * @allowed:   and no more at this one
 * @reboots:   the refusal is that of a guest without a module
 * @mute_at:   from this query on QEMU says nothing, not even to another connection
 * @presses:   so often @signal comes, from the first connection on, or from @mute_at on
 * @late_greeting: is said with the first of these
 * @told:      give-back commands
 * @looks:     queries since the command
 * @steps:     of the server since the last of @presses
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
	int lost;
	bool late;
	void (*broken)(struct fake_qmp *server);
	void (*looked)(struct fake_qmp *server);
	u64 bytes;
	int refused;
	int allowed;
	bool reboots;
	int mute_at;
	unsigned int presses;
	const char *late_greeting;
	int told;
	int looks;
	unsigned int steps;
	volatile bool over;
	char text[8192];
} play;

/* The session is withdrawn, the mode stays, and nothing more comes. */
static inline void refuse(struct fake_qmp *server)
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

static inline void take_look(struct fake_qmp *server)
{
	play.looks++;
	refuse(server);
	server->bytes += play.bytes;
	server->resident -= play.bytes;
	if (play.looked)
		play.looked(server);
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

static inline bool break_off(struct fake_qmp *server)
{
	if (play.broken)
		play.broken(server);
	fake_qmp_hang_up(server);
	return true;
}

static inline bool is_mute(void)
{
	return play.mute_at && play.looks >= play.mute_at;
}

static inline bool meddle(struct fake_qmp *server, const char *name, json_int_t id)
{
	if (is_mute())
		return true;
	if (!strcmp(name, FREEHINT_QMP_GIVE_BACK) && ++play.told == play.lost)
		return break_off(server);
	if (!strcmp(name, FREEHINT_QMP_GIVE_BACK) && play.late) {
		play.late = false;
		kill(getpid(), play.signal);
		usleep(LATE_US);
	}
	if (strcmp(name, FREEHINT_QMP_QUERY) != 0 || !server->give_backs)
		return false;
	take_look(server);
	if (is_mute()) {
		server->greeting = "";
		return true;
	}
	return play.looks == play.hang_up && break_off(server);
}

static inline void press(struct fake_qmp *server)
{
	bool due = play.mute_at ? is_mute() : server->connections > 0;

	if (!due || !play.presses || play.steps++ % PRESS_STEPS)
		return;
	play.presses--;
	kill(getpid(), play.signal);
	if (play.late_greeting)
		fake_qmp_send(server, play.late_greeting);
	play.late_greeting = NULL;
}

static inline bool is_over(struct fake_qmp *server)
{
	if (!play.over)
		press(server);
	return play.over;
}

static inline void *serve(void *opaque)
{
	fake_qmp_serve(&play.server, is_over, PATIENCE_MS);
	return opaque;
}

static inline int setup(void **state)
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
	/* What was ignored at the start, as in a script's background, stays ignored. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	return 0;
}

static inline int teardown(void **state)
{
	fake_qmp_close(&play.server);
	return 0;
}

static inline enum cli_exit run_with(const char *option)
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

static inline void expect_text(const char *text)
{
	if (!strstr(play.text, text))
		fail_msg("not said: %s", text);
}

#endif /* FREEHINT_TEST_GIVE_BACK_TOOL_RIG_H */
