/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs virsh, libvirt's shell, as a child: without a shell between, so no name of a domain
 * can be anything but a name.
 */
#ifndef FREEHINT_CLI_VIRSH_H
#define FREEHINT_CLI_VIRSH_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct virsh - where libvirt is, and what went wrong
 * @uri:   connection, NULL: virsh's default
 * @error: after a failure: the reason, as text for the user; virsh's own words are printed
 */
struct virsh {
	const char *uri;
	char error[256];
};

/**
 * virsh_run() - run one command
 * @virsh:  connection
 * @args:   command and arguments, at most 8, ends with NULL
 * @input:  what it finds on its standard input, NULL: nothing
 * @len:    bytes of @input
 * @output: filled with what it prints, followed by a zero, to be freed by the caller
 * @size:   filled, bytes of @output without the zero
 *
 * Return: 0 or a negative errno with @virsh->error set.
 */
int virsh_run(struct virsh *virsh, const char *const *args, const char *input, size_t len,
	      char **output, size_t *size);

#endif /* FREEHINT_CLI_VIRSH_H */
