/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process beside the agent that writes the agent's metrics into a file, so that the
 * agent itself does not need the right to write files.
 */
#ifndef FREEHINT_METRICS_WRITER_H
#define FREEHINT_METRICS_WRITER_H

/**
 * metrics_writer_start() - fork the metrics writer
 * @path: file that it writes; must stay valid
 *
 * Call it before the agent's sandbox is closed, because the sandbox forbids fork(). Call it with
 * the signals blocked that end the agent: the writer blocks all but SIGKILL and SIGSYS. It ends
 * only when the agent does, and removes the file then. What agents have left behind before is
 * thinned out first.
 *
 * Return: socket that takes one whole text per message, and that the caller closes; or
 * negative errno, and the reason was logged.
 */
int metrics_writer_start(const char *path);

/**
 * metrics_writer_run() - main loop of the writer, until the other end of @from is closed
 * @from: socket, one whole text per message
 * @path: file. A text that begins with METRICS_MOVED becomes PATH.moved and, if @path ends as
 *        files of Prometheus do, NAME~moved.prom. They stay.
 * @fresh: file of this process only; each text is written there and then renamed
 *
 * Return: exit code of the process.
 */
int metrics_writer_run(int from, const char *path, const char *fresh);

#endif /* FREEHINT_METRICS_WRITER_H */
