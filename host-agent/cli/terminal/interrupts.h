/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes SIGINT, SIGTERM, SIGQUIT and SIGHUP instead of ending the process: what has to be
 * undone depends on where the guest is.
 */
#ifndef FREEHINT_CLI_INTERRUPTS_H
#define FREEHINT_CLI_INTERRUPTS_H

#include <stdbool.h>

/**
 * interrupts_catch() - note SIGINT, SIGTERM, SIGQUIT and SIGHUP, ignore SIGPIPE
 *
 * A signal that is ignored already stays ignored, as nohup has SIGHUP, and a script that runs
 * the tool in its background SIGINT and SIGQUIT: its Ctrl-C is not for the tool. The reader of
 * the output may end: that interrupts nothing.
 */
void interrupts_catch(void);

/**
 * interrupts_ignore_hangup() - ignore SIGHUP, after interrupts_catch()
 *
 * For a command that must not be cancelled because its user closes the terminal.
 */
void interrupts_ignore_hangup(void);

/** interrupts_any() - has an interrupt come since interrupts_catch()? */
bool interrupts_any(void);

/**
 * interrupts_again() - has another interrupt come, half a second after the first or later?
 *
 * interrupts_forget_second() forgets it.
 */
bool interrupts_again(void);

/**
 * interrupts_forget_second() - interrupts_again() is false until another interrupt comes
 *
 * For a step of its own, such as the cancellation: QEMU gets its time for it, and the user who
 * does not want to wait for it either asks once more.
 */
void interrupts_forget_second(void);

#endif /* FREEHINT_CLI_INTERRUPTS_H */
