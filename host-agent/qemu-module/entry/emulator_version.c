// SPDX-License-Identifier: GPL-2.0
/*
 * Reads QEMU's version from its executable, where QEMU exports no function that tells it.
 *
 * The text that QEMU prints for --version is one literal (version() of vl.c in 7.2 to 10.2), and
 * so is in the executable as it is printed. The file cannot shrink while it runs, so its mapping
 * may be read to the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator_version.h"

static const char before[] = "QEMU emulator version ";

/* No version has more; it cannot overflow. */
#define MAX_DIGITS	4

/* Reads a number and moves @at behind it. Return: -1 if there is none. */
static int read_number(const char **at, const char *end)
{
	int number = 0, digits = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++, digits++) {
		if (digits == MAX_DIGITS)
			return -1;
		number = number * 10 + (**at - '0');
	}
	return digits ? number : -1;
}

static bool read_version(const char *at, const char *end, int *major, int *minor)
{
	int first = read_number(&at, end), second;

	if (first < 0 || at == end || *at++ != '.')
		return false;
	second = read_number(&at, end);
	if (second < 0)
		return false;
	*major = first;
	*minor = second;
	return true;
}

/* The words may also stand somewhere without a version. */
static int search(const char *at, const char *end, int *major, int *minor)
{
	const size_t len = sizeof(before) - 1;

	while ((at = memmem(at, (size_t)(end - at), before, len))) {
		at += len;
		if (read_version(at, end, major, minor))
			return 0;
	}
	return -ENOENT;
}

static int search_file(int fd, int *major, int *minor)
{
	struct stat stat;
	char *base;
	size_t len;
	int ret;

	if (fstat(fd, &stat))
		return -errno;
	if (stat.st_size <= 0)
		return -ENOENT;
	len = (size_t)stat.st_size;
	base = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	ret = search(base, base + len, major, minor);
	munmap(base, len);
	return ret;
}

int emulator_version(const char *path, int *major, int *minor)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = search_file(fd, major, minor);
	close(fd);
	return ret;
}
