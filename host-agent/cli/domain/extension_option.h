/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which extension a domain gets, from the options --extension and --builtin.
 */
#ifndef FREEHINT_CLI_EXTENSION_OPTION_H
#define FREEHINT_CLI_EXTENSION_OPTION_H

#include <argp.h>

#include "domain_edit.h"

/**
 * extension_option_settle() - check both options, and fill in what was not given
 * @target:  @target->extension is the path of --extension, or NULL
 * @builtin: --builtin was given
 * @state:   of argp; a wrong option is reported there, which ends the program
 */
void extension_option_settle(struct domain_target *target, bool builtin, struct argp_state *state);

#endif /* FREEHINT_CLI_EXTENSION_OPTION_H */
