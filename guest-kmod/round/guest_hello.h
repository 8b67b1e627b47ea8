/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's hello: published once per host instance, and again when a fact in it
 * changes.
 */
#ifndef FREEHINT_GUEST_HELLO_H
#define FREEHINT_GUEST_HELLO_H

#include "../../proto/guest_publish.h"

struct device;
struct give_back;

/**
 * struct guest_hello - the hello that the guest published last
 * @dev:      device, for the log
 * @base:     mapped region; the caller maps and unmaps it
 * @size:     bytes mapped
 * @give_back: whether memory can be given back is a fact, too
 * @instance: host instance for which it was published, 0 when none is in the region
 * @last:     host instance of the hello that was published last, also after it was withdrawn
 * @rejected: host instance whose hello was invalid, 0 also of a device that decodes no memory
 * @said:     the log has reported @rejected
 * @facts:    facts in the hello
 *
 * Only the worker's thread uses it; see round_worker.c for the exceptions.
 */
struct guest_hello {
	struct device *dev;
	void *base;
	u64 size;
	const struct give_back *give_back;
	u64 instance;
	u64 last;
	u64 rejected;
	bool said;
	struct freehint_guest_facts facts;
};

/**
 * guest_hello_init() - start without a hello, with a random incarnation
 * @hello: initialised
 * @dev:   device, for the log
 * @base:  mapped region
 * @size:  bytes mapped
 * @give_back: must remain valid as long as @hello is used
 */
void guest_hello_init(struct guest_hello *hello, struct device *dev, void *base, u64 size,
		      const struct give_back *give_back);

/**
 * guest_hello_is_due() - must the guest publish its hello?
 * @hello: hello that was published last
 * @req:   current request line
 *
 * A new instance means another QEMU, a reset or a reverted snapshot. A changed contract
 * ends the round that the host may be reading. For other facts see guest_hello_refresh().
 *
 * Return: true if there is no valid hello for @req in the region.
 */
bool guest_hello_is_due(const struct guest_hello *hello, const struct freehint_request *req);

/**
 * guest_hello_publish() - read the host's hello again and publish the guest's
 * @hello: updated
 * @pub:   attached again; on failure at most the host's versions change
 * @req:   request line with the instance to echo
 *
 * Return: 0, or why the region cannot be used (see freehint_publisher_attach()); also
 * -ENODEV when @req has no instance. On failure nothing is written to the region.
 */
int guest_hello_publish(struct guest_hello *hello, struct freehint_publisher *pub,
		    const struct freehint_request *req);

/**
 * guest_hello_refresh() - publish what has changed in the hello that stands
 * @hello: updated; not due
 * @pub:   publisher of the hello; freehint_beat() follows
 *
 * The end of memory changes when memory is added, and the status of give-back when another
 * driver comes or goes, or the administrator says so. The host hears of it in every phase.
 *
 * Return: true if something had changed.
 */
bool guest_hello_refresh(struct guest_hello *hello, struct freehint_publisher *pub);

/**
 * guest_hello_withdraw() - clear the hello if there is one in the region
 * @hello: hello that was published last; none afterwards
 * @pub:   its publisher
 *
 * Also the one of an earlier poll, if the device has decoded no memory since and does so now.
 */
void guest_hello_withdraw(struct guest_hello *hello, struct freehint_publisher *pub);

#endif /* FREEHINT_GUEST_HELLO_H */
