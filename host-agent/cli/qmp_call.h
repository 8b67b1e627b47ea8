/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One QMP command after another, for tools that have nothing else to do meanwhile.
 */
#ifndef FREEHINT_QMP_CALL_H
#define FREEHINT_QMP_CALL_H

#include <jansson.h>

#include "host-agent/common/qmp_stream.h"

#define QMP_CALL_TEXT	512

/**
 * struct qmp_call - a connection
 * @fd:     socket, -1 when there is none
 * @stream: framing of what QEMU says
 * @error:  after a failure: what is wrong, for people
 * @absent: the command that failed does not exist
 * @broken: no answer came, so every other command fails, too; open another connection
 */
struct qmp_call {
	int fd;
	struct qmp_stream stream;
	char error[QMP_CALL_TEXT];
	bool absent;
	bool broken;
};

/**
 * qmp_call_open() - connect and negotiate
 * @call: filled; qmp_call_close() it whatever is returned
 * @path: socket of -qmp unix:PATH
 *
 * Return: 0 or a negative errno, with @call->error set.
 */
int qmp_call_open(struct qmp_call *call, const char *path);

/** qmp_call_close() - end the connection */
void qmp_call_close(struct qmp_call *call);

/**
 * qmp_call() - run a command
 * @call:    connection
 * @command: its name
 * @args:    object or NULL; the reference is taken
 *
 * Waits for the answer, 30 seconds at most; events are thrown away.
 *
 * Return: what QEMU returned, a new reference; NULL on failure, with @call->error set.
 */
json_t *qmp_call(struct qmp_call *call, const char *command, json_t *args);

/** qmp_call_ok() - likewise, where what QEMU returns is of no interest; Return: success */
bool qmp_call_ok(struct qmp_call *call, const char *command, json_t *args);

#endif /* FREEHINT_QMP_CALL_H */
