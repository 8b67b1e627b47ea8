/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages in the units that people read.
 */
#ifndef FREEHINT_CLI_UNITS_H
#define FREEHINT_CLI_UNITS_H

/* MB of a page. */
#define PAGE_MB		(4096 / 1e6)

#endif /* FREEHINT_CLI_UNITS_H */
