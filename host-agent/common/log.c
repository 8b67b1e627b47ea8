// SPDX-License-Identifier: GPL-2.0
/*
 * Log lines on stderr: name of the program, time since its start, one clause with object and
 * number.
 *
 * Written with sendmsg() or write() and not through stdio: the first use of stdio makes system
 * calls that the sandbox forbids.
 *
 * No line to a pipe or a socket is waited for. A reader that has stopped, such as a pager or a
 * journald that hangs, would stop the agent, which could not even be told to end. What finds no
 * room is counted, and the next line that finds some says how much is missing. A terminal is looked
 * at, too, but it may report room and have less than a line needs: then the line is waited for.
 * Files and other devices are written as they are. They have no reader that stops, and some never
 * report room (/dev/kmsg).
 */
#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "printable.h"

#define LOG_LINE	512

const char *const log_level_names[LOG_LEVEL_COUNT] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

/* The priorities of syslog, as journald reads them at the begin of a line, sd-daemon(3). */
static const char *const priorities[LOG_LEVEL_COUNT] = {
	[LOG_LEVEL_ERROR] = "<3>",
	[LOG_LEVEL_WARN] = "<4>",
	[LOG_LEVEL_INFO] = "<6>",
	[LOG_LEVEL_DEBUG] = "<7>",
};

/**
 * enum stream - how a line is written
 * @STREAM_PLAIN:  write(), which may wait
 * @STREAM_SOCKET: sendmsg() with MSG_DONTWAIT
 * @STREAM_POLLED: write() if ppoll() reports room
 */
enum stream {
	STREAM_PLAIN,
	STREAM_SOCKET,
	STREAM_POLLED,
};

/**
 * struct output - standard output or standard error, which nobody replaces after the start
 * @stream: how it is written
 * @cut:    its last line has no end
 */
struct output {
	enum stream stream;
	bool cut;
};

static struct output outputs[STDERR_FILENO + 1];
static bool to_journal;
static enum log_level log_threshold = LOG_LEVEL_INFO;
static u64 log_origin_us;

/* Lines that found no room, since the last time that was said. */
static u64 lost_lines, lost_output;

/* Is it the stream that systemd has opened? Whoever redirects standard error wants plain lines. */
static bool is_journal(const char *stream)
{
	char ours[64];
	struct stat info;

	if (!stream || fstat(STDERR_FILENO, &info))
		return false;
	snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)info.st_dev,
		 (unsigned long long)info.st_ino);
	return !strcmp(stream, ours);
}

static enum stream stream_of(int fd)
{
	struct stat info;

	if (fstat(fd, &info))
		return STREAM_PLAIN;
	if (S_ISSOCK(info.st_mode))
		return STREAM_SOCKET;
	return S_ISFIFO(info.st_mode) || isatty(fd) ? STREAM_POLLED : STREAM_PLAIN;
}

void log_init(enum log_level level)
{
	/* Now, because the sandbox would not let us ask what they are. */
	outputs[STDOUT_FILENO].stream = stream_of(STDOUT_FILENO);
	outputs[STDERR_FILENO].stream = stream_of(STDERR_FILENO);
	to_journal = is_journal(getenv("JOURNAL_STREAM"));
	log_threshold = level;
	log_origin_us = clock_us();
}

bool log_enabled(enum log_level level)
{
	return level <= log_threshold;
}

/*
 * Others have the same open file, so it does not get O_NONBLOCK. A socket is told with each call.
 * A pipe with POLLOUT takes PIPE_BUF bytes, more than any line has; only another writer that takes
 * the room in between makes us wait. All of this may be called from a signal handler.
 */
static ssize_t write_now(int fd, const char *text, size_t len)
{
	struct iovec vec = { .iov_base = (void *)text, .iov_len = len };
	const struct msghdr message = { .msg_iov = &vec, .msg_iovlen = 1 };
	const struct timespec now = { 0, 0 };
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	/* sendmsg() and ppoll(), because the sandbox allows them on every architecture. */
	if (outputs[fd].stream == STREAM_SOCKET)
		return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (outputs[fd].stream == STREAM_POLLED && ppoll(&room, 1, &now, NULL) <= 0)
		return -1;
	return TEMP_FAILURE_RETRY(write(fd, text, len));
}

/* A line that was cut short counts as lost. The next one does not go on where it ends. */
static bool put_now(int fd, const char *text, size_t len)
{
	struct output *to = &outputs[fd];
	ssize_t done;

	if (to->cut && write_now(fd, "\n", 1) != 1)
		return false;
	done = write_now(fd, text, len);
	to->cut = done > 0 && done < (ssize_t)len;
	return done == (ssize_t)len;
}

const char *log_priority(enum log_level level)
{
	return to_journal ? priorities[level] : "";
}

void log_raw(const char *line, size_t len)
{
	put_now(STDERR_FILENO, line, len);
}

__attribute__((format(printf, 2, 0)))
static bool put_line(enum log_level level, const char *fmt, va_list args)
{
	u64 now = clock_us() - log_origin_us;
	/* More than a line, so that the line and not vsnprintf() cuts, which cuts characters. */
	char raw[2 * LOG_LINE], line[LOG_LINE];
	size_t len;
	int head;

	head = snprintf(raw, sizeof(raw), "%s%.64s: %5llu.%06llu %s: ", log_priority(level),
			program_invocation_short_name, (unsigned long long)(now / 1000000),
			(unsigned long long)(now % 1000000), log_level_names[level]);
	vsnprintf(raw + head, sizeof(raw) - (size_t)head, fmt, args);
	/* What QEMU says is in some lines: it makes no line of its own. */
	printable_copy(line, sizeof(line), raw);
	len = strlen(line);
	line[len++] = '\n';
	return put_now(STDERR_FILENO, line, len);
}

__attribute__((format(printf, 1, 2)))
static bool put_warning(const char *fmt, ...)
{
	va_list args;
	bool done;

	va_start(args, fmt);
	done = put_line(LOG_LEVEL_WARN, fmt, args);
	va_end(args);
	return done;
}

bool log_tell_lost(void)
{
	if (lost_lines && !put_warning("%llu lines of the log were lost, there was no room for them",
				       (unsigned long long)lost_lines))
		return false;
	lost_lines = 0;
	if (lost_output && !put_warning("%llu lines of the output were lost, there was no room for them",
					(unsigned long long)lost_output))
		return false;
	lost_output = 0;
	return true;
}

void log_forget_lost(void)
{
	lost_lines = 0;
	lost_output = 0;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list args;

	if (!log_enabled(level))
		return;
	va_start(args, fmt);
	/* Before the line: there the reader sees where something is missing. */
	if (!log_tell_lost() || !put_line(level, fmt, args))
		lost_lines++;
	va_end(args);
}

bool log_limit_take(struct log_limit *limit)
{
	u64 now = clock_us();

	if (!limit->window_us || now - limit->window_us > LOG_WINDOW_US) {
		limit->window_us = now;
		limit->lines = 0;
	}
	if (limit->lines >= LOG_BURST)
		return false;
	limit->lines++;
	return true;
}

bool log_allowed(struct log_limit *limit, enum log_level level)
{
	if (!log_enabled(level))
		return false;
	if (!log_limit_take(limit)) {
		limit->dropped++;
		return false;
	}
	if (limit->dropped) {
		log_line(level, "%llu similar lines were suppressed",
			 (unsigned long long)limit->dropped);
		limit->dropped = 0;
	}
	return true;
}

void log_output(const char *text, size_t len)
{
	if (!put_now(STDOUT_FILENO, text, len))
		lost_output++;
}
