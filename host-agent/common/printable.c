// SPDX-License-Identifier: GPL-2.0
/*
 * Makes text of others fit for a terminal or a log: the name of a virtual machine, or what
 * QEMU says, may hold escape sequences, which a terminal would obey.
 */
#include "printable.h"

#include <string.h>

#include "include/freehint/types.h"

/* Return: bytes of the character that begins here, 0 if it is not UTF-8; @code filled. */
static size_t decode(const char *text, u32 *code)
{
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*text;
	size_t len, i;

	if (first < 0x80) {
		*code = first;
		return 1;
	}
	len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	*code = first & (0x7fU >> len);
	for (i = 1; i < len; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	return *code < least[len] || *code > 0x10ffff || (*code >> 11) == 0x1b ? 0 : len;
}

/* Controls of both kinds; marks without width, marks of direction, and line separators. */
static bool is_harmless(u32 code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c)
		return false;
	if ((code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e))
		return false;
	return !(code >= 0x2060 && code <= 0x206f) && code != 0xfeff &&
	       !(code >= 0xe0000 && code <= 0xe007f);
}

void printable_copy(char *to, size_t size, const char *text)
{
	size_t used = 0, len;
	u32 code = 0;

	while (*text) {
		len = decode(text, &code);
		if (!len || !is_harmless(code)) {
			if (used + 1 >= size)
				break;
			to[used++] = '?';
			text += len ? len : 1;
			continue;
		}
		if (used + len >= size)
			break;
		memcpy(to + used, text, len);
		used += len;
		text += len;
	}
	to[used] = '\0';
}
