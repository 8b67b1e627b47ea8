/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts SIGINT and SIGTERM instead of ending the process: what Ctrl-C does depends on
 * where the guest is.
 */
#ifndef FREEHINT_CLI_INTERRUPTS_H
#define FREEHINT_CLI_INTERRUPTS_H

/**
 * interrupts_catch() - count SIGINT and SIGTERM from now on, ignore SIGHUP and SIGPIPE
 *
 * SIGHUP and SIGPIPE do not cancel: the user may just close the terminal, or the reader of
 * the output may end.
 */
void interrupts_catch(void);

/** interrupts_count() - number of signals since interrupts_catch() */
unsigned int interrupts_count(void);

#endif /* FREEHINT_CLI_INTERRUPTS_H */
