/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What x-query-freehint reports about giving memory back.
 */
#ifndef FREEHINT_GIVE_BACK_QUERY_H
#define FREEHINT_GIVE_BACK_QUERY_H

#include "../core/qemu_abi.h"

/**
 * give_back_query() - the member "give-back" of x-query-freehint; BQL held
 * @inert:   why the extension is without effect; NULL: it works
 * @refusal: why it refuses hints; without a region this stands against giving back, too
 */
QDict *give_back_query(const char *inert, const char *refusal);

#endif /* FREEHINT_GIVE_BACK_QUERY_H */
