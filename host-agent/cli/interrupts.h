/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts SIGINT, SIGTERM and SIGHUP instead of ending the process: what has to be undone
 * depends on where the guest is.
 */
#ifndef FREEHINT_CLI_INTERRUPTS_H
#define FREEHINT_CLI_INTERRUPTS_H

/**
 * interrupts_catch() - count SIGINT, SIGTERM and SIGHUP from now on, ignore SIGPIPE
 *
 * A SIGHUP that is ignored already, as nohup has it, stays ignored. The reader of the output
 * may end: that interrupts nothing.
 */
void interrupts_catch(void);

/**
 * interrupts_ignore_hangup() - ignore SIGHUP, after interrupts_catch()
 *
 * For a command that must not be cancelled because its user closes the terminal.
 */
void interrupts_ignore_hangup(void);

/** interrupts_count() - number of signals since interrupts_catch() */
unsigned int interrupts_count(void);

#endif /* FREEHINT_CLI_INTERRUPTS_H */
