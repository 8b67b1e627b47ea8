// SPDX-License-Identifier: GPL-2.0
/*
 * Runs virsh as a child. It reads all of its input before it prints anything, so one pipe
 * after the other is enough. Its messages go to a file, and from there to the user, without
 * what a terminal might obey: they have names of others in them.
 */
#define _GNU_SOURCE
#include "virsh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../terminal/printable_line.h"
#include "../text/whole_input.h"
#include "../text/xml_text.h"

#define ARGS_MAX	8
/* What a shell reports of a command that it cannot run. */
#define CANNOT_RUN	127

/**
 * struct child - a virsh at work
 * @pid:  its process
 * @to:   its standard input
 * @from: its standard output
 * @says: its standard error, a file
 */
struct child {
	pid_t pid;
	int to;
	int from;
	int says;
};

/* Runs in the child. virsh's output is parsed: English, and nothing that VIRSH_DEBUG adds. */
static void become_virsh(const struct virsh *virsh, const char *const *args, int in, int out,
			 int says)
{
	const char *line[ARGS_MAX + 5] = { "virsh", "--quiet" };
	size_t used = 2, i;

	if (virsh->uri) {
		line[used++] = "--connect";
		line[used++] = virsh->uri;
	}
	for (i = 0; i < ARGS_MAX && args[i]; i++)
		line[used++] = args[i];
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(says, STDERR_FILENO) < 0 || setenv("LC_ALL", "C", 1) || unsetenv("VIRSH_DEBUG"))
		_exit(CANNOT_RUN);
	execvp(line[0], (char *const *)line);
	_exit(CANNOT_RUN);
}

static int start(struct virsh *virsh, const char *const *args, struct child *child)
{
	int in[2], out[2], ret;

	if (pipe2(in, O_CLOEXEC)) {
		ret = -errno;
		goto err_say;
	}
	if (pipe2(out, O_CLOEXEC)) {
		ret = -errno;
		goto err_in;
	}
	child->says = memfd_create("virsh", MFD_CLOEXEC);
	if (child->says < 0) {
		ret = -errno;
		goto err_out;
	}
	child->pid = fork();
	if (child->pid < 0) {
		ret = -errno;
		goto err_says;
	}
	if (!child->pid)
		become_virsh(virsh, args, in[0], out[1], child->says);
	close(in[0]);
	close(out[1]);
	child->to = in[1];
	child->from = out[0];
	return 0;

err_says:
	close(child->says);
err_out:
	close(out[0]);
	close(out[1]);
err_in:
	close(in[0]);
	close(in[1]);
err_say:
	snprintf(virsh->error, sizeof(virsh->error), "virsh %s cannot be started: %s; try again", args[0],
		 strerror(-ret));
	return ret;
}

/* A child that ends early does not take the rest; its exit code has the reason. */
static void feed(int to, const char *input, size_t len)
{
	ssize_t done;

	while (len) {
		done = write(to, input, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return;
		input += done;
		len -= (size_t)done;
	}
}

/* @says: where the child has written to, closed here. Return: it has said something. */
static bool pass_on(int says)
{
	FILE *file = fdopen(says, "r");
	char *line = NULL;
	size_t size = 0;
	bool any = false;

	if (!file) {
		close(says);
		return false;
	}
	rewind(file);
	while (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		any |= *line != '\0';
		printable_line(stderr, "%s", line);
	}
	free(line);
	fclose(file);
	return any;
}

/* What the child has said is complete when it has ended. */
static int await(struct virsh *virsh, const char *command, const struct child *child)
{
	int status, ret;
	bool said;

	do {
		ret = waitpid(child->pid, &status, 0) < 0 ? -errno : 0;
	} while (ret == -EINTR);
	said = pass_on(child->says);
	if (ret) {
		snprintf(virsh->error, sizeof(virsh->error), "virsh %s: how it ended is not known: %s",
			 command, strerror(-ret));
		return ret;
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_RUN)
		snprintf(virsh->error, sizeof(virsh->error),
			 "there is no virsh here: install libvirt-clients");
	else if (WIFEXITED(status))
		snprintf(virsh->error, sizeof(virsh->error),
			 "virsh %s ended with exit status %d, %s", command,
			 WEXITSTATUS(status),
			 said ? "its message is above" : "without a message; run it by hand");
	else
		snprintf(virsh->error, sizeof(virsh->error),
			 "virsh %s was ended by signal %d; run it by hand", command,
			 WTERMSIG(status));
	return -EIO;
}

/* The zero lets the caller search in it. */
static int end_with_zero(char **output, size_t size)
{
	char *larger = realloc(*output, size + 1);

	if (!larger)
		return -ENOMEM;
	larger[size] = '\0';
	*output = larger;
	return 0;
}

int virsh_run(struct virsh *virsh, const char *const *args, const char *input, size_t len,
	      char **output, size_t *size)
{
	struct child child = { .pid = -1, .to = -1, .from = -1, .says = -1 };
	int ret, ended;

	*output = NULL;
	ret = start(virsh, args, &child);
	if (ret)
		return ret;
	feed(child.to, input, input ? len : 0);
	close(child.to);
	ret = whole_input(child.from, XML_TEXT_MAX, output, size);
	close(child.from);
	ended = await(virsh, args[0], &child);
	if (!ret)
		ret = end_with_zero(output, *size);
	if (ret)
		snprintf(virsh->error, sizeof(virsh->error), "virsh %s: %s", args[0],
			 strerror(-ret));
	if (!ret && !ended)
		return 0;
	free(*output);
	*output = NULL;
	return ret ? ret : ended;
}
