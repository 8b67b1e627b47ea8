/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line of freehint migrate.
 */
#ifndef FREEHINT_CLI_MIGRATE_OPTIONS_H
#define FREEHINT_CLI_MIGRATE_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

/**
 * struct migrate_options - what the command line says
 * @qmp:       socket
 * @uri:       where to
 * @bandwidth: bytes a second, -1: as QEMU has it, 0: no limit
 * @downtime:  milliseconds, -1: as QEMU has it
 * @quiet:     no progress
 * @plain:     do not start reporting
 */
struct migrate_options {
	const char *qmp;
	const char *uri;
	long long bandwidth;
	long long downtime;
	bool quiet;
	bool plain;
};

/** migrate_argp - parses into a struct migrate_options, the numbers of which are -1 before */
extern const struct argp migrate_argp;

#endif /* FREEHINT_CLI_MIGRATE_OPTIONS_H */
