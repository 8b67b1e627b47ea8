/* SPDX-License-Identifier: GPL-2.0 */
/*
 * freehint doctor: what stands against giving memory back?
 */
#ifndef FREEHINT_CHECK_GIVE_BACK_H
#define FREEHINT_CHECK_GIVE_BACK_H

#include "../qmp/qmp_call.h"

/** check_pressure() - can this user watch the host's memory pressure? */
void check_pressure(void);

/**
 * check_give_back() - can the guest behind a connection give memory back?
 * @call:   connection
 * @status: answer to x-query-freehint
 *
 * Nothing of it prevents hints, so every obstacle is a note.
 */
void check_give_back(struct qmp_call *call, const json_t *status);

#endif /* FREEHINT_CHECK_GIVE_BACK_H */
