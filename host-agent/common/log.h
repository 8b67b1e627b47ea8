/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log lines on stderr: name of the program, time since its start, one clause with object and
 * number. A message that a guest can cause uses the rate-limited macros. No line to a
 * pipe or a socket is waited for: what finds no room is lost, and the next line says so.
 */
#ifndef FREEHINT_LOG_H
#define FREEHINT_LOG_H

#include "include/freehint/types.h"

/** enum log_level - how much is logged; each level includes those before it */
enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_COUNT,
};

/**
 * struct log_limit - limit of one log message: LOG_BURST lines in LOG_WINDOW_US
 * @window_us: start of the current window, monotonic microseconds
 * @lines:     lines in this window
 * @dropped:   lines dropped since the last line that was written
 */
struct log_limit {
	u64 window_us;
	unsigned int lines;
	u64 dropped;
};

#define LOG_BURST	5
#define LOG_WINDOW_US	5000000

extern const char *const log_level_names[LOG_LEVEL_COUNT];

/**
 * log_init() - set the level; time stamps count from this call on
 *
 * Looks what standard output and standard error are. Before that, lines are waited for.
 * If standard error is the journal's (JOURNAL_STREAM), each line begins with its priority.
 */
void log_init(enum log_level level);

/** log_enabled() - would a line of this level be written? */
bool log_enabled(enum log_level level);

/** log_line() - write one line; @fmt has no newline and no full stop */
__attribute__((format(printf, 2, 3)))
void log_line(enum log_level level, const char *fmt, ...);

/**
 * log_tell_lost() - say how many lines were lost, if any were
 *
 * Each line does this before itself. A program that ends has no next line.
 *
 * Return: false when there is no room for that either.
 */
bool log_tell_lost(void);

/** log_forget_lost() - in a child process: its parent says what was lost before */
void log_forget_lost(void);

/** log_limit_take() - count one more line; Return: false if that is too many in this window */
bool log_limit_take(struct log_limit *limit);

/** log_allowed() - may the owner of @limit write a line now? */
bool log_allowed(struct log_limit *limit, enum log_level level);

#define log_error(...)	log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)	log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)	log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#define log_limited(level, ...)						\
	do {								\
		static struct log_limit limit_here;			\
									\
		if (log_allowed(&limit_here, level))			\
			log_line(level, __VA_ARGS__);			\
	} while (0)

#define log_warn_limited(...)	log_limited(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_debug_limited(...)	log_limited(LOG_LEVEL_DEBUG, __VA_ARGS__)

/**
 * log_output() - write a line to stdout
 * @text: line with a newline at its end
 * @len:  its bytes, PIPE_BUF at most
 */
void log_output(const char *text, size_t len);

/** log_priority() - what a line of this level begins with, "" outside the journal */
const char *log_priority(enum log_level level);

/** log_raw() - write @len bytes to stderr as they are; may be called from a signal handler */
void log_raw(const char *line, size_t len);

#endif /* FREEHINT_LOG_H */
