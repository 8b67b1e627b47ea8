// SPDX-License-Identifier: GPL-2.0
/*
 * Parses the command line of freehint-agent.
 */
#include "conf.h"

#include <argp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "host-agent/common/pressure_trigger.h"
#include "include/freehint/limits.h"
#include "include/freehint/shm_layout.h"
#include "include/freehint/version.h"

/* A faster poll gains nothing: the guest polls once per millisecond. */
#define POLL_MIN_US	50
#define POLL_MAX_US	1000000

/* Limit of --give-up, seconds. */
#define GIVE_UP_MAX	86400

/* The metrics writer appends the number of its process, ".new" and a terminator. */
#define METRICS_PATH_MAX	(PATH_MAX - 17)

enum option_key {
	KEY_QMP = 'q',
	KEY_SHM = 's',
	KEY_USER = 'u',
	KEY_JSON = 'j',
	KEY_ONCE = '1',
	KEY_LEVEL = 'l',
	KEY_POLL = 'p',
	KEY_METRICS = 'm',
	KEY_GIVE_UP = 'g',
	KEY_GIVE_BACK = 'b',
	KEY_LEAVE = 'L',
	KEY_PRESSURE = 'P',
};

const char *argp_program_version = "freehint-agent " FREEHINT_RELEASE;

static const struct argp_option options[] = {
	{ "qmp", KEY_QMP, "SOCKET", 0,
	  "QEMU's monitor socket (-qmp unix:SOCKET,server=on,wait=off) that no "
	  "other client uses", 0 },
	{ "shm", KEY_SHM, "PATH", 0,
	  "file behind the ivshmem device (mem-path of its memory backend)", 0 },
	{ "user", KEY_USER, "NAME", 0,
	  "change to this user first; as root, give the user that QEMU runs as", 0 },
	{ "json", KEY_JSON, NULL, 0, "events and summaries as JSON lines on stdout", 0 },
	{ "once", KEY_ONCE, NULL, 0, "exit after the summary of the first migration", 0 },
	{ "log-level", KEY_LEVEL, "LEVEL", 0, "error, warn, info (default) or debug", 0 },
	{ "poll-us", KEY_POLL, "N", 0,
	  "poll the shared memory every N microseconds while a round is open (default 1000); "
	  "with an extension that cannot wake the agent, as long as reporting is on", 0 },
	{ "give-up", KEY_GIVE_UP, "SECONDS", 0,
	  "exit after this time without a connection to QEMU, 0: never (default)", 0 },
	{ "give-back", KEY_GIVE_BACK, "WHEN", 0,
	  "have the guest give free memory back to the host: off (default), once, always, or "
	  "pressure: when the host is short of memory", 0 },
	{ "leave", KEY_LEAVE, "MIB", 0,
	  "free memory that the guest keeps then, MiB (default 0)", 0 },
	{ "pressure-file", KEY_PRESSURE, "PATH", 0,
	  "for --give-back=pressure: memory.pressure of a control group (default "
	  PRESSURE_TRIGGER_HOST ")", 0 },
	{ "metrics", KEY_METRICS, "FILE", 0,
	  "write metrics for Prometheus to FILE, NAME.prom in the directory of "
	  "node_exporter's textfile collector; removed when the agent exits. An empty FILE: "
	  "none", 0 },
	{ 0 },
};

static const char doc[] =
	"Reports a guest's free pages to QEMU, so that a live migration does not send "
	"them, and the guest can give them back to the host."
	"\v"
	"QEMU needs freehint-qemu.so (-plugin file=...) and an ivshmem-plain device with "
	"master=on, the guest needs freehint.ko. The agent waits for QEMU and connects "
	"again after QEMU was restarted, without end or until --give-up. It may be stopped "
	"at any time; a migration then continues without it.\n"
	"\n"
	"Exit codes:\n"
	"  0  ended by SIGTERM, SIGINT, SIGHUP or SIGQUIT, or --once and the migration completed, "
	"or --give-up and QEMU has exited\n"
	"  1  wrong usage\n"
	"  3  the sandbox could not be set up\n"
	"  4  another system call failed at the start or in the event loop, or memory "
	"ran out\n"
	"  5  --once and the migration failed, was cancelled or its end was not seen\n"
	"  6  --give-up and there was no QEMU\n"
	"  7  --give-back=pressure and --pressure-file is no such file, or is missing and not "
	"below /sys/fs/cgroup\n"
	"  8  --give-up and QEMU's socket is there, but the agent may not use it, it is not "
	"QEMU's, or its peer closes each connection at once\n"
	"A restart of the agent may help after 4, but not after the others.\n";

/* strtoull() takes a sign, and makes a large number of -1. Return: false: it is no number. */
static bool parse_number(const char *arg, u64 *number)
{
	char *end;

	errno = 0;
	*number = strtoull(arg, &end, 10);
	return *arg >= '0' && *arg <= '9' && !errno && !*end;
}

static error_t parse_level(struct conf *conf, const char *arg, struct argp_state *state)
{
	enum log_level level;

	for (level = 0; level < LOG_LEVEL_COUNT; level++) {
		if (strcmp(arg, log_level_names[level]) != 0)
			continue;
		conf->level = level;
		return 0;
	}
	argp_error(state, "--log-level is %s, give error, warn, info or debug", arg);
	return EINVAL;
}

static error_t parse_poll(struct conf *conf, const char *arg, struct argp_state *state)
{
	if (!parse_number(arg, &conf->poll_us) || conf->poll_us < POLL_MIN_US ||
	    conf->poll_us > POLL_MAX_US)
		argp_error(state, "--poll-us is %s, give a number from %d to %d", arg,
			   POLL_MIN_US, POLL_MAX_US);
	return 0;
}

static error_t parse_give_up(struct conf *conf, const char *arg, struct argp_state *state)
{
	u64 seconds;

	if (!parse_number(arg, &seconds) || seconds > GIVE_UP_MAX)
		argp_error(state, "--give-up is %s, give a number of seconds up to %d, 0 for never",
			   arg, GIVE_UP_MAX);
	conf->give_up_us = seconds * 1000000ULL;
	return 0;
}

static error_t parse_give_back(struct conf *conf, const char *arg, struct argp_state *state)
{
	static const char *const names[GIVE_BACK_POLICIES] = {
		[GIVE_BACK_POLICY_OFF] = "off",
		[GIVE_BACK_POLICY_ONCE] = "once",
		[GIVE_BACK_POLICY_ALWAYS] = "always",
		[GIVE_BACK_POLICY_PRESSURE] = "pressure",
	};
	enum give_back_choice policy;

	for (policy = 0; policy < GIVE_BACK_POLICIES; policy++) {
		if (strcmp(arg, names[policy]) != 0)
			continue;
		conf->give_back = policy;
		return 0;
	}
	argp_error(state, "--give-back is %s, give off, once, always or pressure", arg);
	return EINVAL;
}

static error_t parse_leave(struct conf *conf, const char *arg, struct argp_state *state)
{
	if (!parse_number(arg, &conf->leave_mib) || conf->leave_mib > FREEHINT_GIVE_BACK_MAX_LEAVE)
		argp_error(state, "--leave is %s, give a number of MiB from 0 to %u", arg,
			   FREEHINT_GIVE_BACK_MAX_LEAVE);
	return 0;
}

/*
 * An empty line in /etc/freehint/NAME comes as an empty value. It can mean that there shall be no
 * metrics, or no file of memory pressure where nobody watches it: check() looks at that.
 */
static void refuse_empty(int key, const char *arg, struct argp_state *state)
{
	const struct argp_option *option = options;

	if (!arg || *arg || key == KEY_METRICS || key == KEY_PRESSURE)
		return;
	while (option->name && option->key != key)
		option++;
	if (option->name)
		argp_error(state, "--%s has an empty value, give one or leave the option out; a line of /etc/freehint/NAME that sets it has to go, too",
			   option->name);
}

static error_t check(const struct conf *conf, struct argp_state *state)
{
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);

	if (!conf->qmp)
		argp_error(state, "give QEMU's monitor socket with --qmp");
	else if (strlen(conf->qmp) >= room)
		argp_error(state, "the path given with --qmp has %zu bytes, at most %zu fit; give a shorter one",
			   strlen(conf->qmp), room - 1);
	if (!conf->shm)
		argp_error(state, "give the file behind the ivshmem device with --shm");
	if (conf->metrics && strlen(conf->metrics) > METRICS_PATH_MAX)
		argp_error(state, "the path given with --metrics has %zu bytes, at most %d fit; give another path",
			   strlen(conf->metrics), METRICS_PATH_MAX);
	if (conf->give_back == GIVE_BACK_POLICY_PRESSURE && !*conf->pressure)
		argp_error(state, "--pressure-file has an empty value, --give-back=pressure needs one");
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct conf *conf = state->input;

	refuse_empty(key, arg, state);
	switch (key) {
	case KEY_QMP:
		conf->qmp = arg;
		return 0;
	case KEY_SHM:
		conf->shm = arg;
		return 0;
	case KEY_USER:
		conf->user = arg;
		return 0;
	case KEY_JSON:
		conf->json = true;
		return 0;
	case KEY_ONCE:
		conf->once = true;
		return 0;
	case KEY_METRICS:
		conf->metrics = *arg ? arg : NULL;
		return 0;
	case KEY_GIVE_UP:
		return parse_give_up(conf, arg, state);
	case KEY_GIVE_BACK:
		return parse_give_back(conf, arg, state);
	case KEY_LEAVE:
		return parse_leave(conf, arg, state);
	case KEY_PRESSURE:
		conf->pressure = arg;
		return 0;
	case KEY_LEVEL:
		return parse_level(conf, arg, state);
	case KEY_POLL:
		return parse_poll(conf, arg, state);
	case ARGP_KEY_ARG:
		argp_error(state, "%s is not an option, and there are no other arguments", arg);
		return EINVAL;
	case ARGP_KEY_END:
		return check(conf, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void conf_parse(struct conf *conf, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = doc,
	};

	*conf = (struct conf){
		.level = LOG_LEVEL_INFO,
		.poll_us = FREEHINT_POLL_FAST_US,
		.pressure = PRESSURE_TRIGGER_HOST,
	};
	argp_err_exit_status = AGENT_EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, conf))
		exit(AGENT_EXIT_USAGE);
}
