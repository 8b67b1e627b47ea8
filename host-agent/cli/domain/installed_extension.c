// SPDX-License-Identifier: GPL-2.0
/*
 * Where the extension is that was installed with this tool: the prefix is known only to the
 * one who installed both.
 */
#define _GNU_SOURCE
#include "installed_extension.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define PACKAGED	"/usr/lib/freehint/freehint-qemu.so"
#define BESIDE		"/lib/freehint/freehint-qemu.so"

/* Return: the slash before the last part of the first @len bytes of @path, or NULL. */
static char *last_slash(char *path, size_t len)
{
	return memrchr(path, '/', len);
}

const char *installed_extension(void)
{
	static char path[PATH_MAX + sizeof(BESIDE)];
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
	char *end = len > 0 ? last_slash(path, (size_t)len) : NULL;

	if (end)
		end = last_slash(path, (size_t)(end - path));
	if (!end)
		return PACKAGED;
	memcpy(end, BESIDE, sizeof(BESIDE));
	return access(path, F_OK) ? PACKAGED : path;
}
