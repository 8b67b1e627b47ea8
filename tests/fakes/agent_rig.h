/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs the agent's program between a fake QEMU and a fake guest, and reads what it
 * says.
 */
#ifndef FREEHINT_AGENT_RIG_H
#define FREEHINT_AGENT_RIG_H

#include <sys/types.h>

#include "tests/fakes/ban_ring.h"
#include "tests/fakes/fake_qmp_server.h"
#include "tests/fakes/guest_voice.h"
#include "tests/unit/region.h"
#include "tests/unit/unit.h"

#define AGENT_RIG_SIZE		(1 << 20)
#define AGENT_RIG_INSTANCE	REGION_INSTANCE
#define WAIT_MS		60000
#define TEXT		65536

/**
 * struct agent_rig - both peers of the agent, and the agent
 * @server: QEMU
 * @shm:    region
 * @guest:  guest module
 * @banned: one call of io_uring fails in the agent's process
 * @ban:    this one
 * @hidden: directory that is empty for the agent, or NULL
 * @more:   a second option for the agent, or NULL; and a third
 * @leads:  the agent leads a process group of its own, for signals to all its processes
 * @full:   nobody reads what it says, and the pipe is full from the start
 * @no_output: standard output is a device that has no room, and standard error is read
 * @agent:  process
 * @out:    pipe with all it says
 * @text:   what it said so far
 */
struct agent_rig {
	struct fake_qmp server;
	char shm_path[64];
	struct freehint_shm *shm;
	struct freehint_publisher guest;
	bool banned;
	enum ring_call ban;
	const char *hidden;
	const char *more[2];
	bool leads;
	bool full;
	bool no_output;
	pid_t agent;
	int out;
	char text[TEXT];
	size_t len;
};

extern struct agent_rig agent_rig;

/** agent_rig_find() - look for the program; its path, or NULL when it was not built */
const char *agent_rig_find(void);

/** agent_rig_setup() - cmocka set-up: region, QMP socket; no agent yet */
int agent_rig_setup(void **state);

/** agent_rig_setup_without_ring() - likewise, and no agent will get an io_uring */
int agent_rig_setup_without_ring(void **state);

/** agent_rig_teardown() - cmocka tear-down: ends the agent, whatever happened */
int agent_rig_teardown(void **state);

/* Both of an agent's lives: with an io_uring and without. */
#define AGENT_TEST(f)								\
	{ #f, f, agent_rig_setup, agent_rig_teardown, NULL },			\
	{ #f " without io_uring", f, agent_rig_setup_without_ring,		\
	  agent_rig_teardown, NULL }

/* The program of such tests; skipped where there is no agent. */
#define RUN_AGENT_TESTS(...)							\
	int main(void)								\
	{									\
		const struct CMUnitTest tests[] = { __VA_ARGS__ };		\
										\
		if (agent_rig_find())						\
			return cmocka_run_group_tests(tests, NULL, NULL);	\
		printf("skipped: build/freehint-agent was not built\n");	\
		return 77;							\
	}

/** hide_directory() - mount nothing over it, for this process; Return: 0 or negative errno */
int hide_directory(const char *path);

/** start_agent() - run it, with one more option or NULL */
void start_agent(const char *option);

/** stop_agent() - send @sig unless 0 and wait; exit code, -1 when a signal ended it */
int stop_agent(int sig);

/** collect_output() - take what the agent has written into agent_rig.text */
void collect_output(void);

/** expect_said() - serve QMP until the agent has said @text, else fail */
void expect_said(const char *text);

/** agent_rig_publish() - open a round and answer it: @count times the bitmap word @word */
void agent_rig_publish(u64 round, u64 word, u64 count);

/** attach() - start the agent and wait until it uses the region */
void attach(const char *option);

#endif /* FREEHINT_AGENT_RIG_H */
