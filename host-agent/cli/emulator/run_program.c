// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a program for what it prints. It may be no QEMU at all, so its time is limited.
 */
#include "run_program.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit status of a program that cannot be run, as a shell has it. */
#define CANNOT_RUN	127

int run_program(const char *path, const char *argument, const char *more,
		bool (*taken)(const char *line))
{
	char line[256];
	bool done = false;
	FILE *out = NULL;
	int fds[2], status = 0;
	pid_t pid;

	if (pipe(fds))
		return -EIO;
	pid = fork();
	if (!pid) {
		/* The alarm survives exec, and ends a program that prints nothing and waits. */
		alarm(RUN_PROGRAM_S);
		dup2(fds[1], STDOUT_FILENO);
		execl(path, path, argument, more, (char *)NULL);
		_exit(CANNOT_RUN);
	}
	close(fds[1]);
	if (pid > 0)
		out = fdopen(fds[0], "r");
	/* Read to the end: otherwise SIGPIPE ends the program. */
	while (out && fgets(line, sizeof(line), out))
		done = done || taken(line);
	if (out)
		fclose(out);
	else
		close(fds[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -EIO;
	if (done)
		return 1;
	return WIFEXITED(status) && WEXITSTATUS(status) != CANNOT_RUN ? 0 : -EIO;
}
