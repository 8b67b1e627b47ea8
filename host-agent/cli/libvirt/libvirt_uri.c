// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a URI of libvirt's: driver[+transport]://[host]/path[?parameters]. virsh prints it
 * after libvirt has accepted it, so only its parts are looked for.
 */
#include "libvirt_uri.h"

#include <string.h>

#define SESSION	"/session"

/* Return: behind the "://", NULL without one. */
static const char *authority(const char *uri)
{
	const char *at = strstr(uri, "://");

	return at ? at + strlen("://") : NULL;
}

bool libvirt_uri_is_session(const char *uri)
{
	const char *host = authority(uri), *path = host ? strchr(host, '/') : NULL;
	size_t len = strlen(SESSION);

	return path && !strncmp(path, SESSION, len) && (!path[len] || path[len] == '?');
}

bool libvirt_uri_is_here(const char *uri)
{
	const char *host = authority(uri);

	if (!host || *host != '/' || strpbrk(host, "?#"))
		return false;
	return !strncmp(uri, "qemu:", strlen("qemu:")) ||
	       !strncmp(uri, "qemu+unix:", strlen("qemu+unix:"));
}
