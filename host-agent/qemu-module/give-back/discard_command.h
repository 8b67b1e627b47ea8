/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x-freehint-discard: the agent passes on an offer of the guest.
 */
#ifndef FREEHINT_DISCARD_COMMAND_H
#define FREEHINT_DISCARD_COMMAND_H

#include "../core/qemu_abi.h"

/**
 * discard_command() - handler of x-freehint-discard
 * @args: arguments of the command
 * @ret:  set to the empty answer on success: the offer is taken, its memory is discarded later
 * @errp: set on failure; the offer was declined, if it was the guest's
 *
 * Context: main loop, BQL held; bounded by FREEHINT_OFFER_BLOCKS ranges.
 */
void discard_command(QDict *args, QObject **ret, Error **errp);

#endif /* FREEHINT_DISCARD_COMMAND_H */
