// SPDX-License-Identifier: GPL-2.0
/*
 * Log lines on stderr: name of the program, time since its start, one clause with object and
 * number.
 *
 * Written with write() and not through stdio: the first use of stdio makes system calls that
 * the sandbox forbids.
 */
#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
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

static enum log_level log_threshold = LOG_LEVEL_INFO;
static u64 log_origin_us;

void log_init(enum log_level level)
{
	log_threshold = level;
	log_origin_us = clock_us();
}

bool log_enabled(enum log_level level)
{
	return level <= log_threshold;
}

static void write_all(int fd, const char *text, size_t len)
{
	ssize_t done;

	while (len) {
		done = write(fd, text, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		len -= (size_t)done;
	}
}

void log_line(enum log_level level, const char *fmt, ...)
{
	u64 now = clock_us() - log_origin_us;
	/* More than a line, so that the line and not vsnprintf() cuts, which cuts characters. */
	char raw[2 * LOG_LINE], line[LOG_LINE];
	va_list args;
	size_t len;
	int head;

	if (!log_enabled(level))
		return;
	head = snprintf(raw, sizeof(raw), "%.64s: %5llu.%06llu %s: ",
			program_invocation_short_name, (unsigned long long)(now / 1000000),
			(unsigned long long)(now % 1000000), log_level_names[level]);
	va_start(args, fmt);
	vsnprintf(raw + head, sizeof(raw) - (size_t)head, fmt, args);
	va_end(args);
	/* What QEMU says is in some lines: it makes no line of its own. */
	printable_copy(line, sizeof(line), raw);
	len = strlen(line);
	line[len++] = '\n';
	write_all(STDERR_FILENO, line, len);
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
	write_all(STDOUT_FILENO, text, len);
}
