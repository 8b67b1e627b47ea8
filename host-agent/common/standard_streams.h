/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Standard input, output and error of a program. Its caller may have closed them, and what is
 * printed may find no room.
 */
#ifndef FREEHINT_STANDARD_STREAMS_H
#define FREEHINT_STANDARD_STREAMS_H

#include <stdbool.h>

/**
 * streams_init() - open what is closed of the three, before any other file is opened
 * @lost: exit status of a program for which that is not possible, or whose output was lost
 *
 * A read or a write still fails there. Otherwise the next file would get its number: output
 * would go into QEMU's monitor, and a child would not get its pipe.
 *
 * However the program exits, it then says on standard error when its output could not be
 * written, and its status is @lost instead of 0. There is nothing to say to somebody who has
 * ended reading (EPIPE).
 */
void streams_init(int lost);

/** streams_keep_status() - from now on the exit status stays: what was done counts more */
void streams_keep_status(void);

/** streams_flush() - write what was printed so far; false: not all of it can be written */
bool streams_flush(void);

#endif /* FREEHINT_STANDARD_STREAMS_H */
