/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process beside the agent that writes its metrics into a file, so that the agent
 * itself may go on without the right to write any.
 */
#ifndef FREEHINT_SCRIBE_H
#define FREEHINT_SCRIBE_H

/**
 * scribe_start() - fork the scribe
 * @path: file it writes; kept
 *
 * Before the agent's sandbox is closed, for it forbids fork(), and with SIGTERM and
 * SIGINT blocked: the scribe ends when the agent does, and takes the file with it.
 *
 * Return: socket that takes one whole text in each message, the caller's to close; or
 * negative errno, and the reason was logged.
 */
int scribe_start(const char *path);

/**
 * scribe_run() - the scribe's life, until @from is closed on the other side
 * @from: socket of whole texts
 * @path: file; written as PATH.new and renamed
 *
 * Return: exit code of the process.
 */
int scribe_run(int from, const char *path);

#endif /* FREEHINT_SCRIBE_H */
