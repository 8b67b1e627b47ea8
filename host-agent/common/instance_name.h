/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The name of a virtual machine from that of an instance of the agent's unit, in which systemd
 * has escaped bytes as \xNN. The unit names files after its instance.
 */
#ifndef FREEHINT_INSTANCE_NAME_H
#define FREEHINT_INSTANCE_NAME_H

#include <stddef.h>

/** instance_name_digit() - value of a hexadecimal digit, -1: it is none */
static inline int instance_name_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/**
 * instance_name_plain() - undo systemd's escapes
 * @plain: room for @len bytes; not terminated. May have any bytes, zeros and text that is not
 *         UTF-8 among them
 * @name:  name of an instance
 * @len:   its length, bytes
 *
 * Return: number of bytes in @plain, @len at most.
 */
static inline size_t instance_name_plain(char *plain, const char *name, size_t len)
{
	size_t at, used = 0;
	int high, low;

	for (at = 0; at < len; at++) {
		plain[used++] = name[at];
		if (len - at < 4 || name[at] != '\\' || name[at + 1] != 'x')
			continue;
		high = instance_name_digit(name[at + 2]);
		low = instance_name_digit(name[at + 3]);
		if (high < 0 || low < 0)
			continue;
		plain[used - 1] = (char)(high << 4 | low);
		at += 3;
	}
	return used;
}

#endif /* FREEHINT_INSTANCE_NAME_H */
