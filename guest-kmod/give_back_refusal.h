/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stands against giving memory back in this guest, whatever the host asks.
 */
#ifndef FREEHINT_GIVE_BACK_REFUSAL_H
#define FREEHINT_GIVE_BACK_REFUSAL_H

#include <linux/types.h>

struct device;

/**
 * give_back_refusal_now() - read the contract, the module parameters and the kernel's options
 *
 * Context: any. Only the module parameters can change while the module runs.
 *
 * Return: enum freehint_give_back; FREEHINT_GIVE_BACK_POSSIBLE if nothing does.
 */
u32 give_back_refusal_now(void);

/** give_back_name() - Return: text for an enum freehint_give_back, a constant */
const char *give_back_name(u32 status);

/** give_back_log_failure() - log why page_reporter_register() returned @error */
void give_back_log_failure(const struct device *dev, int error);

#endif /* FREEHINT_GIVE_BACK_REFUSAL_H */
