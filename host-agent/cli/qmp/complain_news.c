// SPDX-License-Identifier: GPL-2.0
/*
 * Tells the user once why commands to QEMU fail: one silence fails several.
 */
#include "complain_news.h"

#include "../terminal/complain.h"

void complain_news(struct qmp_call *call, const char *before, const char *after)
{
	const char *why = qmp_call_news(call);

	if (why)
		complain("%s%s%s", before, why, after);
}
