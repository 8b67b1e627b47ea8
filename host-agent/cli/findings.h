/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What doctor has found, a line each: fine, worth knowing, or wrong and what to do.
 */
#ifndef FREEHINT_FINDINGS_H
#define FREEHINT_FINDINGS_H

#include "include/freehint/types.h"

/** finding_fine() - this is as it should be */
__attribute__((format(printf, 1, 2))) void finding_fine(const char *fmt, ...);

/** finding_note() - this is worth knowing */
__attribute__((format(printf, 1, 2))) void finding_note(const char *fmt, ...);

/** finding_wrong() - this stands against hinting; say what to do */
__attribute__((format(printf, 1, 2))) void finding_wrong(const char *fmt, ...);

/** findings_wrong() - how many were wrong */
unsigned int findings_wrong(void);

/** findings_excuse() - so many of them do not count: there is another way */
void findings_excuse(unsigned int count);

#endif /* FREEHINT_FINDINGS_H */
