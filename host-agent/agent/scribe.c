// SPDX-License-Identifier: GPL-2.0
/*
 * A process beside the agent that writes its metrics into a file.
 *
 * Theory of operation
 * -------------------
 * The agent reads what a hostile guest writes. It may write no file, and a sandbox that
 * let it write this one could not keep it from writing others: a filter of system calls
 * sees no paths. So the agent sends whole texts over a socket, and the scribe, which
 * reads nothing else, has the right to write and rename. Whoever takes the agent over
 * can make it write rubbish into its one file.
 *
 * The file is there as long as the agent lives: whatever ends the agent closes the
 * socket, and the scribe removes the file. Metrics of an agent that was killed are not
 * scraped for ever.
 */
#define _GNU_SOURCE
#include "scribe.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/freehint/types.h"
#include "isolation.h"
#include "host-agent/common/log.h"
#include "metrics.h"

/* Readable for whoever collects it: it holds counters. */
#define FILE_MODE	0644

/* Return: 0 or negative errno; the file of before is still there then. */
static int write_file(const char *path, const char *text, size_t len)
{
	ssize_t done;
	int fd, ret = 0;

	/* What is there is not ours, or it is of a scribe that was killed. */
	unlinkat(AT_FDCWD, path, 0);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return -errno;
	done = write(fd, text, len);
	if (done < 0)
		ret = -errno;
	else if ((size_t)done < len)
		ret = -ENOSPC;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

static int replace(const char *path, const char *fresh, const char *text, size_t len)
{
	int ret = write_file(fresh, text, len);

	if (!ret && renameat(AT_FDCWD, fresh, AT_FDCWD, path))
		ret = -errno;
	return ret;
}

static const char *write_advice(int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		return ", let the agent's user write into its directory";
	case -EROFS:
		return ", the agent's unit needs ReadWritePaths= with its directory";
	case -ENOENT:
		return ", make its directory";
	default:
		return "";
	}
}

/* A new text comes every few seconds; the reason why it is lost is told on a change. */
static void tell(const char *path, int error, int before)
{
	if (error == before)
		return;
	if (error)
		log_warn("metrics cannot be written to %s: %s%s", path, strerror(-error),
			 write_advice(error));
	else
		log_info("metrics can be written to %s again", path);
}

int scribe_run(int from, const char *path)
{
	char text[METRICS_TEXT], fresh[PATH_MAX];
	int ret, before = 0;
	ssize_t len;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	while ((len = read(from, text, sizeof(text))) > 0) {
		ret = replace(path, fresh, text, (size_t)len);
		tell(path, ret, before);
		before = ret;
	}
	unlinkat(AT_FDCWD, fresh, 0);
	unlinkat(AT_FDCWD, path, 0);
	return len < 0;
}

static int live(int from, const char *path)
{
	/* The agent's umask is for files that nobody else should read. */
	umask(022);
	if (isolation_seal_scribe())
		return 1;
	return scribe_run(from, path);
}

int scribe_start(const char *path)
{
	int pair[2], ret;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		ret = -errno;
		goto err_log;
	}
	pid = fork();
	if (pid < 0) {
		ret = -errno;
		goto err_close;
	}
	if (!pid) {
		close(pair[0]);
		_exit(live(pair[1], path));
	}
	close(pair[1]);
	return pair[0];

err_close:
	close(pair[0]);
	close(pair[1]);
err_log:
	log_error("metrics cannot be written: %s", strerror(-ret));
	return ret;
}
