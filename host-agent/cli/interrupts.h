/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes SIGINT, SIGTERM and SIGHUP instead of ending the process: what has to be undone
 * depends on where the guest is.
 */
#ifndef FREEHINT_CLI_INTERRUPTS_H
#define FREEHINT_CLI_INTERRUPTS_H

#include <stdbool.h>

/**
 * interrupts_catch() - note SIGINT, SIGTERM and SIGHUP from now on, ignore SIGPIPE
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

/** interrupts_any() - has one come since interrupts_catch()? */
bool interrupts_any(void);

/** interrupts_again() - has another come, half a second after the first or later? */
bool interrupts_again(void);

#endif /* FREEHINT_CLI_INTERRUPTS_H */
