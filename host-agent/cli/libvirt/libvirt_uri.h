/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a URI of libvirt's says of the daemon behind it.
 */
#ifndef FREEHINT_CLI_LIBVIRT_URI_H
#define FREEHINT_CLI_LIBVIRT_URI_H

#include <stdbool.h>

/**
 * libvirt_uri_is_session() - is this the daemon of one user?
 * @uri: "qemu:///session", and likewise on another host
 *
 * Such a daemon runs no hooks, and its QEMUs have no more rights than the user.
 */
bool libvirt_uri_is_session(const char *uri);

/**
 * libvirt_uri_is_here() - does the daemon certainly see the files of this machine?
 * @uri: URI
 *
 * Not with a host in it, and not with a socket or a command of somebody's own, which can lead
 * anywhere.
 */
bool libvirt_uri_is_here(const char *uri);

#endif /* FREEHINT_CLI_LIBVIRT_URI_H */
