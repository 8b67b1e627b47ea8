// SPDX-License-Identifier: GPL-2.0
/*
 * Has a PCI device decode no memory for a moment, again and again, as the kernel does when it
 * moves the window of a bridge. Usage: blinkbar CONFIG-FILE TIMES MICROSECONDS.
 */
#include <fcntl.h>

#include "guest_util.h"

#define COMMAND		4
#define DECODES_MEMORY	2

int main(int argc, char **argv)
{
	unsigned char light, dark;
	unsigned long i, us;
	int fd;

	if (argc != 4)
		errx(2, "usage: blinkbar CONFIG-FILE TIMES MICROSECONDS");
	us = strtoul(argv[3], NULL, 0);
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || pread(fd, &light, 1, COMMAND) != 1)
		err(1, "%s", argv[1]);
	dark = light & ~DECODES_MEMORY;
	for (i = 0; i < strtoul(argv[2], NULL, 0); i++) {
		if (pwrite(fd, &dark, 1, COMMAND) != 1)
			err(1, "writing %s", argv[1]);
		usleep(us);
		if (pwrite(fd, &light, 1, COMMAND) != 1)
			err(1, "writing %s", argv[1]);
		/* Longer by a part of itself each time: no pace of the module's is met for ever. */
		usleep(us + us * (i % 7));
	}
	return 0;
}
