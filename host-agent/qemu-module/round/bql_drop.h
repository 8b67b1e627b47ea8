/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drops the BQL for what takes long.
 */
#ifndef FREEHINT_BQL_DROP_H
#define FREEHINT_BQL_DROP_H

/**
 * bql_drop() - drop the BQL; call bql_take() soon
 *
 * Context: BQL held, in a hold (bql_hold.h), in the last precopy notifier. What this invalidates
 * is at the head of precopy.c.
 */
void bql_drop(void);

/** bql_take() - take the BQL again. Context: BQL not held */
void bql_take(void);

#endif /* FREEHINT_BQL_DROP_H */
