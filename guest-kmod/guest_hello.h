/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When to say hello, to whom, and what to say: once per host instance, and again
 * when something the hello tells has changed.
 */
#ifndef FREEHINT_GUEST_HELLO_H
#define FREEHINT_GUEST_HELLO_H

#include "../proto/guest_publish.h"

struct device;

/**
 * struct guest_hello - what the guest last said
 * @dev:      device, for the log
 * @base:     mapped region
 * @size:     bytes mapped
 * @instance: host instance it was said to, 0 when no hello stands in the region
 * @rejected: host instance whose own hello made no sense, to say so once
 * @facts:    what was said
 */
struct guest_hello {
	struct device *dev;
	void *base;
	u64 size;
	u64 instance;
	u64 rejected;
	struct freehint_guest_facts facts;
};

/** guest_hello_init() - nothing was said yet; draws the incarnation */
void guest_hello_init(struct guest_hello *hello, struct device *dev, void *base, u64 size);

/**
 * guest_hello_is_due() - does the host lack a true hello?
 * @hello: what was said
 * @req:   the request line now
 *
 * Another instance means another QEMU, a reset or a reverted snapshot. A changed
 * contract is told at once. The end of memory is told only while the host asks
 * for nothing, since a hello wipes the round that the host may be reading.
 */
bool guest_hello_is_due(const struct guest_hello *hello, const struct freehint_request *req);

/**
 * guest_hello_say() - read the host's hello anew and answer it
 * @hello: updated
 * @pub:   attached again; untouched on failure
 * @req:   request line whose instance is answered
 *
 * Return: 0, or why the region cannot be used (see freehint_publisher_attach());
 * nothing is written then.
 */
int guest_hello_say(struct guest_hello *hello, struct freehint_publisher *pub,
		    const struct freehint_request *req);

/** guest_hello_withdraw() - take back a hello that stands in the region */
void guest_hello_withdraw(struct guest_hello *hello, struct freehint_publisher *pub);

#endif /* FREEHINT_GUEST_HELLO_H */
