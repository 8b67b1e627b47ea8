/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options of freehint give-back.
 */
#ifndef FREEHINT_CLI_GIVE_BACK_OPTIONS_H
#define FREEHINT_CLI_GIVE_BACK_OPTIONS_H

#include <argp.h>

#include "host-agent/common/give_back_status.h"

/**
 * struct give_back_options - the options
 * @qmp:   socket
 * @mode:  what is asked of QEMU
 * @order: smallest block, 2^order pages; -1: the extension's default
 * @leave: free memory that the guest keeps, MiB; -1: the extension's default
 * @quiet: no progress
 */
struct give_back_options {
	const char *qmp;
	enum give_back_mode mode;
	long long order;
	long long leave;
	bool quiet;
};

/** give_back_argp - parser for a struct give_back_options; set its numbers to -1 before */
extern const struct argp give_back_argp;

#endif /* FREEHINT_CLI_GIVE_BACK_OPTIONS_H */
