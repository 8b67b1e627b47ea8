/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Converts pages to units for the user.
 */
#ifndef FREEHINT_CLI_UNITS_H
#define FREEHINT_CLI_UNITS_H

/* Size of a page in MB. */
#define PAGE_MB		(4096 / 1e6)

#endif /* FREEHINT_CLI_UNITS_H */
