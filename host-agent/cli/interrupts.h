/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ctrl-C and its like, counted instead of obeyed: what they mean depends on where the
 * guest is.
 */
#ifndef FREEHINT_CLI_INTERRUPTS_H
#define FREEHINT_CLI_INTERRUPTS_H

/**
 * interrupts_catch() - from now on count SIGINT and SIGTERM, and outlive SIGHUP and SIGPIPE
 *
 * A terminal or a reader of the output that goes away is no wish to cancel.
 */
void interrupts_catch(void);

/** interrupts_count() - so many came since */
unsigned int interrupts_count(void);

#endif /* FREEHINT_CLI_INTERRUPTS_H */
