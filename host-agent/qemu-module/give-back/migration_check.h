/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is a migration of any kind under way? No memory may be discarded then.
 */
#ifndef FREEHINT_MIGRATION_CHECK_H
#define FREEHINT_MIGRATION_CHECK_H

/**
 * migration_check() - why no memory may be discarded, as far as migrations are concerned
 *
 * Context: main loop, BQL held. A migration starts in the main loop only, so the answer holds
 * until the BQL is dropped.
 *
 * Return: a static string; NULL: no migration is under way, out or in, and no snapshot.
 */
const char *migration_check(void);

#endif /* FREEHINT_MIGRATION_CHECK_H */
