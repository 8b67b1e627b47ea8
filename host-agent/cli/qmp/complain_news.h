/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells the user once why commands to QEMU fail.
 */
#ifndef FREEHINT_CLI_COMPLAIN_NEWS_H
#define FREEHINT_CLI_COMPLAIN_NEWS_H

#include "qmp_call.h"

/**
 * complain_news() - print what qmp_call_news() returns, if that is not NULL
 * @before: text before the reason
 * @after:  text after it
 */
void complain_news(struct qmp_call *call, const char *before, const char *after);

#endif /* FREEHINT_CLI_COMPLAIN_NEWS_H */
