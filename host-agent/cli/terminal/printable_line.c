// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of the tool that have texts of others in them, such as the name of a virtual machine.
 * All of them leave through here, so that none is printed as it came.
 */
#include "printable_line.h"

#include <stdarg.h>

#include "host-agent/common/printable.h"

void printable_line(FILE *to, const char *fmt, ...)
{
	char line[PRINTABLE_LINE], clean[PRINTABLE_LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	printable_copy(clean, sizeof(clean), line);
	fprintf(to, "%s\n", clean);
}

size_t printable_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}
