/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A trigger on the kernel's measure of memory pressure (PSI): on the whole host's, or on a
 * control group's file memory.pressure.
 */
#ifndef FREEHINT_PRESSURE_TRIGGER_H
#define FREEHINT_PRESSURE_TRIGGER_H

#include <stdbool.h>

#define PRESSURE_TRIGGER_HOST	"/proc/pressure/memory"

/**
 * pressure_trigger_open() - ask the kernel for an event when tasks wait for memory
 * @path: PRESSURE_TRIGGER_HOST, or memory.pressure of a control group
 *
 * Return: descriptor that reports POLLPRI, at most once in two seconds, while tasks lose a
 * tenth of their time, and POLLERR when the control group is gone; or negative errno.
 */
int pressure_trigger_open(const char *path);

/**
 * pressure_trigger_is_mistake() - does the error say that the path is wrong?
 * @path:  as given to pressure_trigger_open()
 * @error: what that returned, negative errno
 *
 * Return: false if the kernel, the user's rights or the host's settings are the reason, as always
 * with the host's own file, or a control group below /sys/fs/cgroup does not exist: it may have
 * ended, or not begun yet.
 */
bool pressure_trigger_is_mistake(const char *path, int error);

/** pressure_trigger_advice() - what to do about the error, ", ..." or "" */
const char *pressure_trigger_advice(int error);

#endif /* FREEHINT_PRESSURE_TRIGGER_H */
