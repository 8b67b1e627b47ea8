/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arguments of QEMU that freehint puts into a domain, and the names in them. All results
 * are to be freed by the caller, and NULL without memory.
 */
#ifndef FREEHINT_CLI_DOMAIN_ARGS_H
#define FREEHINT_CLI_DOMAIN_ARGS_H

#include "domain.h"

/** domain_double_commas() - @value for an option of QEMU's, where a comma in a value is two */
char *domain_double_commas(const char *value);

/**
 * domain_extension_value() - the argument that loads the extension
 * @extension: path of freehint-qemu.so, NULL: QEMU has freehint built in
 * @memdev:    name of the memory
 * @options:   the rest, each with a comma before it
 */
char *domain_extension_value(const char *extension, const char *memdev, const char *options);

/**
 * domain_extension_options() - options of the argument that loads the extension
 * @value:  the argument, a list; what names the extension and its memory is left out
 * @common: those that the extension and -object freehint have; otherwise all others
 *
 * Return: as domain_extension_value() takes them, "" if there are none.
 */
char *domain_extension_options(const char *value, bool common);

/** domain_monitor_value() - the argument that makes the agent's monitor, for domain @name */
char *domain_monitor_value(const char *name);

/** domain_monitor_path() - socket of the agent's monitor; @domain must have one */
char *domain_monitor_path(const struct domain *domain);

/** domain_shm_path() - file of freehint's memory; @domain must have a <shmem> for it */
char *domain_shm_path(const struct domain *domain);

#endif /* FREEHINT_CLI_DOMAIN_ARGS_H */
