/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keeps the number of files small that agents have left behind for guests that moved away.
 */
#ifndef FREEHINT_MOVED_FILES_H
#define FREEHINT_MOVED_FILES_H

/**
 * moved_files_prune() - remove what is no longer of use in the directory of a file
 * @path: file with the metrics of a guest
 *
 * Removes what an earlier agent has left behind for the same guest, what is older than
 * MOVED_METRICS_SECONDS, and the oldest of more than MOVED_METRICS_MAX: only files whose names
 * end as those of agents do. What cannot be removed stays.
 * It opens a directory, which the sandboxes forbid: call it before.
 */
void moved_files_prune(const char *path);

#endif /* FREEHINT_MOVED_FILES_H */
