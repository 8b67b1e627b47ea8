/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options of freehint migrate.
 */
#ifndef FREEHINT_CLI_MIGRATE_OPTIONS_H
#define FREEHINT_CLI_MIGRATE_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

/**
 * struct migrate_options - the options
 * @qmp:       socket
 * @uri:       destination
 * @bandwidth: bytes per second, -1: leave QEMU's limit, 0: no limit
 * @downtime:  milliseconds, -1: leave QEMU's limit
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

/** migrate_argp - parser for a struct migrate_options; set its two numbers to -1 before */
extern const struct argp migrate_argp;

#endif /* FREEHINT_CLI_MIGRATE_OPTIONS_H */
