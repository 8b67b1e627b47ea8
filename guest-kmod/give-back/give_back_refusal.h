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

/**
 * struct give_back_failure - how the last registration with page reporting ended
 * @error: 0 if it succeeded, and before the first one
 * @tried: its time, jiffies
 */
struct give_back_failure {
	int error;
	unsigned long tried;
};

/**
 * give_back_failure_note() - a registration has ended
 * @failure: of the last one
 * @dev:     device, for the log: a failure is logged once
 * @error:   what page_reporter_register() returned
 *
 * One caller at a time.
 */
void give_back_failure_note(struct give_back_failure *failure, const struct device *dev,
			    int error);

/** give_back_failure_now() - Return: enum freehint_give_back; any context */
u32 give_back_failure_now(const struct give_back_failure *failure);

#endif /* FREEHINT_GIVE_BACK_REFUSAL_H */
