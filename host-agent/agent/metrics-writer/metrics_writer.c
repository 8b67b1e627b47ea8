// SPDX-License-Identifier: GPL-2.0
/*
 * A process beside the agent that writes the agent's metrics into a file.
 *
 * Why a process of its own: the agent reads what a hostile guest writes, so it may write
 * no file. A sandbox that allowed this file could not forbid others, because a filter of
 * system calls sees no paths. So the agent sends whole texts over a socket. The writer
 * reads nothing else, and may write and rename. An attacker who takes over the agent can
 * make the writer write garbage into its files, and no more.
 *
 * The file exists as long as the agent lives. However the agent ends, its socket closes,
 * and the writer removes the file. So the metrics of a killed agent are not scraped. Only SIGKILL
 * of both leaves the file. The agent's last numbers of a guest that has moved away go into two
 * other files, which stay.
 */
#define _GNU_SOURCE
#include "metrics_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-agent/agent/metrics/metrics.h"
#include "host-agent/agent/sandbox/syscall_filter.h"
#include "host-agent/common/log.h"
#include "host-agent/common/moved_metrics.h"
#include "include/freehint/types.h"
#include "moved_files.h"

/* Every user may read it, so that a collector can: it contains only counters. */
#define FILE_MODE	0644

/* Return: 0 or negative errno; an error leaves the published file unchanged. */
static int write_file(const char *path, const char *text, size_t len)
{
	ssize_t done;
	int fd, ret = 0;

	/* An existing file is not ours, or a killed writer left it behind. */
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
		return ", create its directory";
	case -ENOSPC:
	case -EDQUOT:
		return ", make room there";
	default:
		return "";
	}
}

/* A new text comes every few seconds, so an error is logged only when it changes. */
static void report(const char *path, int error, int before)
{
	if (error == before)
		return;
	if (error)
		log_warn("metrics cannot be written to %s: %s%s", path, strerror(-error),
			 write_advice(error));
	else
		log_info("metrics can be written to %s again", path);
}

static bool is_moved_text(const char *text, size_t len)
{
	const size_t mark = strlen(METRICS_MOVED);

	return len >= mark && !memcmp(text, METRICS_MOVED, mark);
}

/*
 * Write PATH.moved for freehint top. Then rename the guest's file for Prometheus: with two files
 * that have the same series the collector drops both.
 */
static int write_moved(const char *path, const char *fresh, const char *text, size_t len)
{
	char left[PATH_MAX];
	int ret;

	snprintf(left, sizeof(left), "%s%s", path, MOVED_METRICS_SUFFIX);
	ret = replace(left, fresh, text, len);
	if (ret || !moved_files_scraped(left, sizeof(left), path))
		return ret;
	ret = replace(path, fresh, text, len);
	if (!ret && renameat(AT_FDCWD, path, AT_FDCWD, left))
		ret = -errno;
	return ret;
}

int metrics_writer_run(int from, const char *path, const char *fresh)
{
	char text[METRICS_TEXT];
	int ret, before = 0;
	ssize_t len;

	while ((len = read(from, text, sizeof(text))) > 0) {
		if (is_moved_text(text, (size_t)len))
			ret = write_moved(path, fresh, text, (size_t)len);
		else
			ret = replace(path, fresh, text, (size_t)len);
		report(path, ret, before);
		before = ret;
	}
	unlinkat(AT_FDCWD, fresh, 0);
	unlinkat(AT_FDCWD, path, 0);
	return len < 0;
}

/*
 * A terminal that closes, and systemd, send a signal to both processes. SIGSYS stays: otherwise
 * it would kill the writer without the line that names the forbidden call.
 */
static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGSYS);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static int run_child(int from, const char *path)
{
	char fresh[PATH_MAX];

	block_signals();
	log_forget_lost();
	/* The agent's umask forbids other users to read; this file is public. */
	umask(022);
	moved_files_prune(path);
	/* The sandbox forbids to ask for the number. */
	moved_files_fresh(fresh, sizeof(fresh), path, getpid());
	if (syscall_filter_seal_metrics_writer())
		return 1;
	return metrics_writer_run(from, path, fresh);
}

int metrics_writer_start(const char *path)
{
	int pair[2], ret;
	pid_t pid;

	if (!name_before(path, METRICS_SUFFIX))
		log_warn("%s does not end in " METRICS_SUFFIX ": neither freehint top nor node_exporter "
			 "reads it", path);
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
		_exit(run_child(pair[1], path));
	}
	close(pair[1]);
	return pair[0];

err_close:
	close(pair[0]);
	close(pair[1]);
err_log:
	log_error("metrics cannot be written to %s: %s, start the agent again", path, strerror(-ret));
	return ret;
}
