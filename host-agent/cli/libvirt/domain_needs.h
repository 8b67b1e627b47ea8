/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a domain with freehint needs of its host: QEMU's program, and the file of the extension.
 */
#ifndef FREEHINT_CLI_DOMAIN_NEEDS_H
#define FREEHINT_CLI_DOMAIN_NEEDS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct domain_needs - paths on the domain's host, owned
 * @emulator:  QEMU, NULL: libvirt chooses
 * @extension: the extension, NULL: QEMU has freehint built in
 * @allows_untested: the extension works in a series of QEMU that was never tested, too
 */
struct domain_needs {
	char *emulator;
	char *extension;
	bool allows_untested;
};

/**
 * domain_needs_read() - what a domain needs
 * @needs: filled; call domain_needs_free() after success
 * @text:  its XML, with freehint
 * @len:   bytes
 *
 * Return: 0, -EINVAL: the text is no domain with freehint, or -ENOMEM.
 */
int domain_needs_read(struct domain_needs *needs, const char *text, size_t len);

/** domain_needs_free() - free what domain_needs_read() has allocated */
void domain_needs_free(struct domain_needs *needs);

/**
 * domain_needs_check() - would QEMU start, if the domain's host is this one?
 * @needs: what the domain needs
 * @wanted_path: path of the extension that it would get, NULL: none
 * @why:   filled with the reason and what to do, as text for the user; if QEMU would start: with
 *         why there would be no hints, "" if there is no such reason
 * @size:  bytes of @why
 *
 * Asks the program itself, which starts no guest.
 *
 * Return: false if it would end.
 */
bool domain_needs_check(const struct domain_needs *needs, const char *wanted_path, char *why,
			size_t size);

#endif /* FREEHINT_CLI_DOMAIN_NEEDS_H */
