/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads JSON that QEMU has sent, also numbers that jansson refuses.
 */
#ifndef FREEHINT_READ_JSON_H
#define FREEHINT_READ_JSON_H

#include <jansson.h>

/**
 * read_json() - read an object of QEMU's
 * @text: object, not terminated
 * @len:  its length, bytes
 *
 * QEMU's unsigned integers go to 2^64-1, jansson's integers to 2^63-1, and it refuses the whole
 * object otherwise. A larger one becomes the negative integer with the same 64 bits. QEMU takes
 * that where it wants an unsigned one, so such a value can be set again exactly. Whoever reads a
 * count, a size or an id takes no negative one: see json_natural().
 *
 * Return: a new reference; NULL if it is not JSON, or without memory.
 */
json_t *read_json(const char *text, size_t len);

#endif /* FREEHINT_READ_JSON_H */
