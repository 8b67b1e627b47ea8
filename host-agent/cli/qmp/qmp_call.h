/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs one QMP command after another, for tools that may block.
 */
#ifndef FREEHINT_QMP_CALL_H
#define FREEHINT_QMP_CALL_H

#include <jansson.h>

#include "host-agent/common/qmp_stream.h"

#define QMP_CALL_TEXT	512

/** qmp_call_give_up - does the user want the end, although QEMU does not answer? */
typedef bool qmp_call_give_up(void);

/* What to say of a command that is absent, for the user. */
#define QMP_CALL_NO_EXTENSION	"QEMU runs without the extension: start it with " \
				"-plugin file=freehint-qemu.so"

/**
 * struct qmp_call - a connection
 * @path:   socket of QEMU, not copied
 * @fd:     socket, -1 when there is none
 * @stream: framing of the bytes from QEMU
 * @error:  after a failure: the reason, as text for the user
 * @absent: the command that failed does not exist
 * @broken: an answer is missing, and every other command fails, too; open a new connection
 * @garbled: broken, because the last answer cannot be read
 * @gone:   broken, and QEMU accepts no new connection
 * @give_up: asked while QEMU is silent, NULL: the wait has its full length
 * @told: the reason that qmp_call_news() gave last, until QEMU answers; "": none
 * @renewed: connections that qmp_call_again() has opened instead of this one
 */
struct qmp_call {
	const char *path;
	int fd;
	struct qmp_stream stream;
	char error[QMP_CALL_TEXT];
	bool absent;
	bool broken;
	bool garbled;
	bool gone;
	qmp_call_give_up *give_up;
	char told[QMP_CALL_TEXT];
	unsigned int renewed;
};

/**
 * qmp_call_open() - connect and negotiate
 * @call: filled; call qmp_call_close() after success and after failure
 * @path: socket of -qmp unix:PATH; must stay valid
 *
 * Return: 0 or a negative errno, with @call->error set.
 */
int qmp_call_open(struct qmp_call *call, const char *path);

/**
 * qmp_call_open_unless() - like qmp_call_open(), for a tool that catches its signals
 * @give_up: kept in @call->give_up; a later one takes its place for later waits
 *
 * When @give_up returns true, a QEMU that says nothing for half a second does not answer.
 */
int qmp_call_open_unless(struct qmp_call *call, const char *path, qmp_call_give_up *give_up);

/** qmp_call_close() - end the connection */
void qmp_call_close(struct qmp_call *call);

/**
 * qmp_call() - run a command
 * @call:    connection
 * @command: its name
 * @args:    object or NULL; the reference is consumed
 *
 * Waits for the answer, 30 seconds at most, or until @call->give_up; drops events. What a
 * terminal might obey in the texts of the answer, and of @call->error, is a "?".
 *
 * Return: what QEMU returned, a new reference; NULL on failure, with @call->error set.
 */
json_t *qmp_call(struct qmp_call *call, const char *command, json_t *args);

/**
 * qmp_call_again() - run a command that may be run twice
 *
 * Like qmp_call(), but if the answer is lost, it connects again and runs the command once
 * more. When that fails, too, @call->gone is set, and nothing is tried again.
 */
json_t *qmp_call_again(struct qmp_call *call, const char *command, json_t *args);

/**
 * qmp_call_news() - why the last command failed, for a user who is told once
 *
 * Return: @call->error; NULL if it was returned before, and QEMU has answered nothing since.
 */
const char *qmp_call_news(struct qmp_call *call);

/** qmp_call_ok() - like qmp_call(), without the return value; Return: true on success */
bool qmp_call_ok(struct qmp_call *call, const char *command, json_t *args);

/** qmp_call_again_ok() - like qmp_call_again(); Return: true on success */
bool qmp_call_again_ok(struct qmp_call *call, const char *command, json_t *args);

#endif /* FREEHINT_QMP_CALL_H */
