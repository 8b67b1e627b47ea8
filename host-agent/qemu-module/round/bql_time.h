/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drops the BQL for what takes long, and counts how long the extension has held it.
 */
#ifndef FREEHINT_BQL_TIME_H
#define FREEHINT_BQL_TIME_H

/** bql_time_start() - the extension's code begins. Context: BQL held */
void bql_time_start(void);

/** bql_time_end() - it ends; the time goes into bql-total-us and bql-max-us. Context: BQL held */
void bql_time_end(void);

/**
 * bql_drop() - drop the BQL; call bql_take() soon
 *
 * Context: BQL held, between bql_time_start() and bql_time_end(), in the last precopy notifier.
 * What this invalidates is at the head of precopy.c.
 */
void bql_drop(void);

/** bql_take() - take the BQL again. Context: BQL not held */
void bql_take(void);

#endif /* FREEHINT_BQL_TIME_H */
