/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a guest's kernel as guest-kmod/round/guest_hello.c uses beside the scan's: a device's
 * log, which counts its lines, and random numbers.
 */
#ifndef FREEHINT_GUEST_DEVICE_H
#define FREEHINT_GUEST_DEVICE_H

#include "tests/fakes/guest_kernel.h"

struct device_driver;

/**
 * struct device - a device
 * @lines:   lines in the log
 * @said:    the last of them, without its values
 * @driver:  that is bound to it, NULL for none
 * @data:    of this driver
 * @removed: it is not registered any more
 * @locked:  somebody has its lock
 * @users:   references that the module holds
 */
struct device {
	unsigned int lines;
	const char *said;
	const struct device_driver *driver;
	void *data;
	bool removed;
	bool locked;
	unsigned int users;
};

/** device_log() - keep a line; here a u64 has another type than in the kernel's formats */
static inline void device_log(struct device *dev, const char *format, ...)
{
	dev->said = format;
	dev->lines++;
}

#define dev_info_ratelimited(dev, ...)	device_log(dev, __VA_ARGS__)
#define dev_warn_ratelimited(dev, ...)	device_log(dev, __VA_ARGS__)
/* Known to be random. */
#define get_random_u64()		0x5eedULL
#define roundup_pow_of_two(n)		((n) < 2 ? 1 : 1ULL << (64 - __builtin_clzll((n) - 1)))

#endif /* FREEHINT_GUEST_DEVICE_H */
