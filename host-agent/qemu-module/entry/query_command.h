/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The answer of the QMP command x-query-freehint.
 */
#ifndef FREEHINT_QUERY_COMMAND_H
#define FREEHINT_QUERY_COMMAND_H

#include "../core/qemu_abi.h"

/**
 * query_answer() - what x-query-freehint says
 * @inert: why freehint cannot work in this QEMU, NULL if it can
 *
 * Context: BQL held.
 *
 * Return: the answer, the caller's.
 */
QDict *query_answer(const char *inert);

#endif /* FREEHINT_QUERY_COMMAND_H */
