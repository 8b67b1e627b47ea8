// SPDX-License-Identifier: GPL-2.0
/*
 * freehint-agent: the order of the start, and the only switch over events.
 */
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "host-agent/agent/conf/conf.h"
#include "host-agent/agent/events/event_loop.h"
#include "host-agent/agent/metrics/metrics.h"
#include "host-agent/agent/metrics-writer/metrics_writer.h"
#include "host-agent/agent/migration/migration_phase.h"
#include "host-agent/agent/sandbox/isolation.h"
#include "host-agent/agent/sandbox/syscall_filter.h"
#include "host-agent/agent/session/session.h"
#include "host-agent/common/log.h"
#include "host-agent/common/pressure_trigger.h"
#include "host-agent/common/shm_region.h"
#include "host-agent/common/standard_streams.h"

/*
 * nohup, and a shell that starts the agent in the background, ignore these signals. They stay
 * ignored: a blocked signal would be read from the signalfd and end the agent.
 */
static bool is_ignored(int number)
{
	struct sigaction action;

	return !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

static int catch_signals(void)
{
	/* Sent when the terminal closes, by Ctrl-C and by Ctrl-\. */
	static const int of_terminal[] = { SIGHUP, SIGINT, SIGQUIT };
	sigset_t set;
	size_t i;

	/* Do not exit when the reader of our output has gone away. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	for (i = 0; i < ARRAY_SIZE(of_terminal); i++)
		if (!is_ignored(of_terminal[i]))
			sigaddset(&set, of_terminal[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void stop(struct session *session, int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) == sizeof(info))
		log_info("stopped by signal %u", info.ssi_signo);
	session->done = true;
}

static const char *loop_advice(int error)
{
	if (error == -EPERM || error == -EACCES || error == -ENOSYS)
		return ", a policy of this machine has changed: start the agent again";
	return ", start the agent again";
}

static const char *start_advice(int error)
{
	switch (error) {
	case -EMFILE:
	case -ENFILE:
		return ", raise the limit of open files";
	case -ENOMEM:
		return ", give the agent more memory";
	default:
		return ", start the agent again";
	}
}

static const char *buffer_advice(int error)
{
	if (error == -EPERM || error == -EACCES || error == -ENOSYS)
		return ", a policy of this machine forbids memfd_create: allow the agent to use it";
	return start_advice(error);
}

/* A restart may find enough memory; it does not help against a missing right or feature. */
static enum agent_exit isolation_exit(int error)
{
	return error == -ENOMEM || error == -EAGAIN ? AGENT_EXIT_SYSTEM :
						      AGENT_EXIT_ISOLATION;
}

/**
 * struct sources - descriptors that the loop watches beside the session's own
 * @signals:  those that end the agent
 * @pressure: trigger on memory pressure, negative without one
 */
struct sources {
	int signals;
	int pressure;
};

static void watch_pressure(struct event_loop *loop, const struct sources *sources)
{
	if (sources->pressure >= 0)
		event_loop_watch(loop, EVENT_PRESSURE, sources->pressure, POLLPRI);
}

static void handle_pressure(struct session *session, struct event_loop *loop,
			    const struct sources *sources, int result)
{
	if (result < 0 || (result & (POLLERR | POLLNVAL))) {
		session_pressure_lost(session);
		return;
	}
	session_pressed(session);
	watch_pressure(loop, sources);
}

/*
 * When the guest has moved to another host or into a file, QEMU passes the first state and stays in
 * the second. If the guest goes on here afterwards, QEMU leaves the second state.
 */
static bool guest_has_moved(const struct session *session)
{
	return (!strcmp(session->answers.runstate, "finish-migrate") ||
		!strcmp(session->answers.runstate, "postmigrate")) &&
	       migration_outcome_of(session->answers.status) == OUTCOME_COMPLETED;
}

static enum agent_exit run(struct session *session, struct event_loop *loop,
			   const struct sources *sources)
{
	struct event event;
	int ret;

	event_loop_watch(loop, EVENT_STOP, sources->signals, POLLIN);
	watch_pressure(loop, sources);
	event_loop_timer(loop, EVENT_RETRY, 0);
	while (!session->done) {
		ret = event_loop_wait(loop, &event);
		if (ret) {
			log_error("event loop failed: %s%s", strerror(-ret),
				  loop_advice(ret));
			return AGENT_EXIT_SYSTEM;
		}
		switch (event.kind) {
		case EVENT_STOP:
			stop(session, sources->signals);
			break;
		case EVENT_QMP:
			session_handle_qmp(session);
			break;
		case EVENT_RETRY:
			session_connect(session);
			break;
		case EVENT_QUERY:
			session_query(session);
			break;
		case EVENT_POLL:
			session_poll(session);
			break;
		case EVENT_PRESSURE:
			handle_pressure(session, loop, sources, event.result);
			break;
		case EVENT_COUNT:
			break;
		}
	}
	return session->exit_code;
}

/* Before capabilities are dropped: older kernels ask for CAP_SYS_RESOURCE. */
static int open_pressure(struct sources *sources, const struct conf *conf)
{
	const char *path = conf->pressure;
	int fd;

	if (conf->give_back != GIVE_BACK_POLICY_PRESSURE)
		return 0;
	fd = pressure_trigger_open(path);
	if (fd < 0 && pressure_trigger_is_mistake(path, fd)) {
		log_error("%s cannot be watched: %s%s", path, strerror(-fd),
			  pressure_trigger_advice(fd));
		return fd;
	}
	/* Hints need no pressure, and they are what the agent is there for. */
	if (fd < 0)
		log_warn("%s cannot be watched: %s%s; the guest is not asked for memory, hints "
			 "are not affected", path, strerror(-fd), pressure_trigger_advice(fd));
	sources->pressure = fd;
	return 0;
}

int main(int argc, char **argv)
{
	static struct session session;
	enum agent_exit code = AGENT_EXIT_SYSTEM;
	struct sources sources = { -1, -1 };
	struct event_loop *loop;
	struct conf conf;
	int writer = -1, ret;

	streams_init(AGENT_EXIT_SYSTEM);
	conf_parse(&conf, argc, argv);
	streams_keep_status();
	log_init(conf.level);
	ret = isolation_start();
	if (ret)
		return isolation_exit(ret);
	if (open_pressure(&sources, &conf))
		return AGENT_EXIT_NO_PRESSURE;
	ret = isolation_identity(conf.user);
	if (ret)
		return isolation_exit(ret);
	/* Seed now: otherwise jansson collects randomness after the sandbox was closed. */
	json_object_seed(0);

	sources.signals = catch_signals();
	ret = sources.signals < 0 ? -errno : shm_region_guard();
	if (ret) {
		log_error("signals could not be set up: %s%s", strerror(-ret), start_advice(ret));
		return AGENT_EXIT_SYSTEM;
	}
	if (conf.metrics)
		writer = metrics_writer_start(conf.metrics);
	ret = event_loop_new(&loop);
	if (ret) {
		log_error("event loop could not be set up: %s%s", strerror(-ret), start_advice(ret));
		return AGENT_EXIT_SYSTEM;
	}
	ret = session_init(&session, &conf, loop, writer);
	if (ret) {
		log_error("buffers could not be set up: %s%s", strerror(-ret),
			  buffer_advice(ret));
		goto out_free_loop;
	}
	session.pressure_watched = sources.pressure >= 0;
	ret = syscall_filter_seal(event_loop_backend(loop));
	if (ret) {
		code = isolation_exit(ret);
		goto out_free_session;
	}
	code = run(&session, loop, &sources);
	if (guest_has_moved(&session))
		metrics_send_moved(&session.metrics);

out_free_session:
	session_free(&session);
out_free_loop:
	event_loop_free(loop);
	log_tell_lost();
	return code;
}
