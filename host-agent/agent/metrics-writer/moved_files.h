/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The names of the files that agents leave behind for guests that moved away, or because they were
 * killed. Keeps their number small.
 */
#ifndef FREEHINT_MOVED_FILES_H
#define FREEHINT_MOVED_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * moved_files_scraped() - name of the file that is left for Prometheus
 * @to:   filled with @size bytes at most
 * @path: file with the metrics of a guest
 *
 * Return: false if there is none, because Prometheus does not read @path either.
 */
bool moved_files_scraped(char *to, size_t size, const char *path);

/**
 * moved_files_fresh() - name of the file that a text is written into first
 * @to:   filled with @size bytes at most
 * @path: file with the metrics of a guest
 * @pid:  process that writes; two that write the same @path do not take each other's texts
 */
void moved_files_fresh(char *to, size_t size, const char *path, pid_t pid);

/**
 * moved_files_prune() - remove what is no longer of use in the directory of a file
 * @path: file with the metrics of a guest
 *
 * Removes what an earlier agent has left behind for the same guest: Prometheus must not see a
 * guest in two files, and a process that was killed has not renamed its text. Removes what is older
 * than MOVED_METRICS_SECONDS, or for Prometheus and older than SCRAPED_METRICS_SECONDS, and the
 * oldest of more than MOVED_METRICS_MAX: only files whose names end as those of agents do. What
 * cannot be removed stays.
 * It opens a directory, which the sandboxes forbid: call it before.
 */
void moved_files_prune(const char *path);

#endif /* FREEHINT_MOVED_FILES_H */
