// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU that plays a migration, state by state, for freehint migrate.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "fake_migration.h"
#include "include/freehint/limits.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS	60000
/* Of migrations before this one. */
#define EARLIER_COMMANDS	5
/* From one Ctrl-C to the next: steps of the server, which take a millisecond when it is idle. */
#define PRESS_STEPS	200
/* Two that count, and a late answer. */
#define PRESS_MS	700
#define LATE_US		1200000

/* No JSON, as a QEMU says it of what it has divided by zero. */
#define UNREADABLE	"\"return\": {\"mbps\": nan}"

struct play play;

static void hang_up(void)
{
	if (play.pressing)
		kill(getpid(), play.signal);
	if (play.gone) {
		close(play.server.listener);
		play.server.listener = -1;
	}
	fake_qmp_hang_up(&play.server);
}

static void answer(const char *text)
{
	if (play.losing) {
		play.losing = false;
		hang_up();
		return;
	}
	fake_qmp_sendf(&play.server, "{%s, \"id\": %lld}\r\n", text, play.id);
}

static void take_parameters(void)
{
	json_t *command = json_loadb(play.server.buffer, play.server.used,
				     JSON_DISABLE_EOF_CHECK, NULL);
	const json_t *args = json_object_get(command, "arguments");

	if (json_object_get(args, "max-bandwidth"))
		play.bandwidth = json_integer_value(json_object_get(args, "max-bandwidth"));
	if (json_object_get(args, "downtime-limit"))
		play.downtime = json_integer_value(json_object_get(args, "downtime-limit"));
	json_decref(command);
	answer("\"return\": {}");
}

static const char *current_state(void)
{
	int i = play.looks - 1;

	while (i > 0 && (i >= MOST_STATES || !play.state[i]))
		i--;
	return play.state[i];
}

static void answer_state(const char *state)
{
	fake_qmp_sendf(&play.server, "{\"return\": {\"status\": \"%s\", \"total-time\": %d}, "
		       "\"id\": %lld}\r\n", state, play.begun ? 5 : 4, play.id);
}

static void take_look(void)
{
	if (!play.begun) {
		answer_state(play.earlier ? play.earlier : "none");
		return;
	}
	play.looks++;
	if (play.looks > 1 && play.looks - 1 <= play.unreadable_looks) {
		answer(UNREADABLE);
		return;
	}
	if (play.looks == play.interrupt || (play.again && play.looks == play.interrupt + 20))
		kill(getpid(), play.signal);
	if (play.looks == play.hang_up) {
		hang_up();
		return;
	}
	answer_state(current_state());
}

static void take_cancel(void)
{
	play.cancels++;
	play.state[0] = "cancelling";
	play.state[1] = play.stuck ? NULL : "cancelled";
	play.state[2] = NULL;
	play.looks = 0;
	play.interrupt = 0;
	answer("\"return\": {}");
}

static void take_migrate(void)
{
	play.begun = true;
	if (play.meddler)
		play.bandwidth = play.meddler;
	answer("\"return\": {}");
}

/* Return: the connection broke. */
static bool break_at(const char *name)
{
	if (play.lose && !strcmp(name, play.lose)) {
		play.losing = true;
		play.lose = NULL;
	}
	if (!play.drop || strcmp(name, play.drop) != 0)
		return false;
	/* Where the guest is, is asked for after the migration. */
	if (!play.begun && !strcmp(name, "query-status"))
		return false;
	play.drop = NULL;
	hang_up();
	return true;
}

static void fall_silent(void)
{
	play.silent = true;
	play.server.greeting = "";
}

/* A look counts once the migration has begun. */
static bool is_due(const char *name, const char *wanted)
{
	return wanted && !strcmp(name, wanted) &&
	       (play.begun || strcmp(name, "query-migrate") != 0);
}

/* Ctrl-C again and again, far enough from each other to count, until the tool hangs up. */
static void press_until_hung_up(void)
{
	struct pollfd pfd = { .fd = play.server.fd, .events = POLLRDHUP };

	do {
		kill(getpid(), play.signal);
	} while (!poll(&pfd, 1, PRESS_MS));
}

static void be_late(void)
{
	play.late = NULL;
	if (play.pressed)
		press_until_hung_up();
	else
		usleep(LATE_US);
}

static void answer_rounds(void)
{
	int i;

	fake_qmp_sendf(&play.server, "{\"return\": {\"state\": \"%s\", \"counters\": "
		       "{\"migrations\": %d, \"commands\": %d}, \"rounds\": [", play.server.state,
		       play.begun || play.earlier_sealed,
		       EARLIER_COMMANDS + (play.begun ? play.commands : 0));
	for (i = 1; i <= play.sealed; i++)
		fake_qmp_sendf(&play.server, "%s{\"sync-to-seal-us\": 7, \"sync-to-command-us\": "
			       "%d}", i > 1 ? ", " : "", play.hinted && i == play.sealed);
	fake_qmp_sendf(&play.server, "]}, \"id\": %lld}\r\n", play.id);
}

static bool meddle(struct fake_qmp *server, const char *name, json_int_t id)
{
	play.id = id;
	if (play.mute && !strcmp(name, play.mute))
		fall_silent();
	if (play.mute_at && !strcmp(name, "query-migrate") && play.looks + 1 == play.mute_at)
		fall_silent();
	if (play.silent)
		return true;
	if (break_at(name))
		return true;
	if (is_due(name, play.late))
		be_late();
	if (play.early && strcmp(name, "qmp_capabilities") != 0) {
		kill(getpid(), play.signal);
		play.early = false;
	}
	if (play.unreadable && !strcmp(name, play.unreadable)) {
		answer(UNREADABLE);
	} else if (is_due(name, play.refuse)) {
		play.cancels += !strcmp(name, "migrate_cancel");
		answer("\"error\": {\"class\": \"GenericError\", \"desc\": \"will not\"}");
	} else if (!strcmp(name, "migrate-set-parameters")) {
		take_parameters();
	} else if (!strcmp(name, "query-migrate-parameters")) {
		fake_qmp_sendf(server, "{\"return\": {\"max-bandwidth\": %s%llu, "
			       "\"downtime-limit\": %lld, \"tls-creds\": \"\"}, \"id\": %lld}\r\n",
			       play.garbled ? "9" : "", (unsigned long long)play.bandwidth,
			       play.begun && play.held-- > 0 ?
			       (long long)FREEHINT_STOP_HOLD_MS : play.downtime, play.id);
	} else if (play.sealed && !strcmp(name, FREEHINT_QMP_QUERY)) {
		answer_rounds();
	} else if (!strcmp(name, "migrate")) {
		take_migrate();
	} else if (!strcmp(name, "query-migrate")) {
		take_look();
	} else if (!strcmp(name, "migrate_cancel")) {
		take_cancel();
	} else if (!strcmp(name, FREEHINT_QMP_START) || !strcmp(name, FREEHINT_QMP_STOP)) {
		play.reporting = !strcmp(name, FREEHINT_QMP_START);
		server->state = play.reporting ? "ready" : "off";
		answer("\"return\": {}");
	} else {
		return false;
	}
	return true;
}

static bool is_over(struct fake_qmp *server)
{
	if (play.silent && !play.over && !(play.steps++ % PRESS_STEPS))
		kill(getpid(), play.signal);
	return play.over;
}

static void *serve(void *opaque)
{
	fake_qmp_serve(&play.server, is_over, PATIENCE_MS);
	return opaque;
}

int play_setup(void **state)
{
	char path[64];

	memset(&play, 0, sizeof(play));
	snprintf(path, sizeof(path), "/tmp/freehint-migrate-%d", getpid());
	if (fake_qmp_listen(&play.server, path))
		return -1;
	play.server.meddle = meddle;
	play.server.state = "off";
	play.signal = SIGINT;
	/* What was ignored at the start, as in a script's background, stays ignored. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	play.bandwidth = 1000;
	play.downtime = 300;
	play.state[0] = "active";
	play.state[1] = "completed";
	return 0;
}

int play_teardown(void **state)
{
	fake_qmp_close(&play.server);
	return 0;
}

/* Return: how many words of @argv are used; it has room for all of them. */
static int command_line(char **argv)
{
	static char word[][16] = {
		"migrate", "--qmp", "--bandwidth", "8", "--downtime", "1", "tcp:there:1",
		"--no-hints",
	};
	int argc = 0, i;

	argv[argc++] = word[0];
	argv[argc++] = word[1];
	argv[argc++] = play.server.path;
	for (i = 2; i < 6 && !play.unlimited; i++)
		argv[argc++] = word[i];
	/* a word of its own, which a test may choose */
	if (play.limit)
		argv[argc - 1] = (char *)play.limit;
	if (play.plain)
		argv[argc++] = word[7];
	argv[argc++] = word[6];
	argv[argc] = NULL;
	return argc;
}

enum cli_exit play_run(void)
{
	char *argv[10];
	int argc = command_line(argv);
	FILE *said = tmpfile();
	int kept = dup(STDERR_FILENO);
	enum cli_exit code;

	assert_non_null(said);
	assert_int_equal(pthread_create(&play.thread, NULL, serve, NULL), 0);
	dup2(fileno(said), STDERR_FILENO);
	code = cli_migrate(argc, argv);
	dup2(kept, STDERR_FILENO);
	close(kept);
	play.over = true;
	pthread_join(play.thread, NULL);
	rewind(said);
	play.text[fread(play.text, 1, sizeof(play.text) - 1, said)] = '\0';
	fclose(said);
	fputs(play.text, stderr);
	return code;
}

void play_assert_put_back(void)
{
	assert_int_equal(play.bandwidth, 1000);
	assert_int_equal(play.downtime, 300);
	assert_false(play.reporting);
}

void play_assert_still_changed(void)
{
	assert_int_equal(play.bandwidth, 1000000);
	assert_int_equal(play.downtime, 1);
	assert_true(play.reporting);
}

unsigned int play_times_said(const char *what)
{
	const char *at = play.text;
	unsigned int times = 0;

	while ((at = strstr(at, what))) {
		times++;
		at++;
	}
	return times;
}
