/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In place of the journal: the log of the program under test, kept and searched.
 */
#ifndef FREEHINT_FAKE_JOURNAL_H
#define FREEHINT_FAKE_JOURNAL_H

#include "host-agent/common/log.h"

/** journal_open() - standard error goes into the journal; lines of @level and above are logged */
void journal_open(enum log_level level);

/** journal_close() - standard error is what it was, and the journal is empty */
void journal_close(void);

/** logged() - how often does the journal have @what? */
unsigned int logged(const char *what);

#endif /* FREEHINT_FAKE_JOURNAL_H */
