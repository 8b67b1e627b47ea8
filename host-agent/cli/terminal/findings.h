/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The findings of freehint doctor, one per line: fine, worth knowing, or wrong.
 */
#ifndef FREEHINT_FINDINGS_H
#define FREEHINT_FINDINGS_H

#include "include/freehint/types.h"

/** finding_ok() - print that something is as it should be */
__attribute__((format(printf, 1, 2))) void finding_ok(const char *fmt, ...);

/** finding_note() - print something worth knowing */
__attribute__((format(printf, 1, 2))) void finding_note(const char *fmt, ...);

/** finding_wrong() - print a fault that prevents hinting, and what to do about it */
__attribute__((format(printf, 1, 2))) void finding_wrong(const char *fmt, ...);

/**
 * findings_keep() - print nothing from now on, and keep the first fault
 * @first: filled with it, empty without one; must stay valid. NULL: print again
 * @size:  bytes of @first
 */
void findings_keep(char *first, size_t size);

/** findings_wrong() - number of faults */
unsigned int findings_wrong(void);

/** findings_excuse() - subtract @count faults that do not prevent hinting after all */
void findings_excuse(unsigned int count);

#endif /* FREEHINT_FINDINGS_H */
