/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Standard input, output and error of a program, which its caller may have closed.
 */
#ifndef FREEHINT_STANDARD_STREAMS_H
#define FREEHINT_STANDARD_STREAMS_H

/**
 * streams_init() - open what is closed of the three, before any other file is opened
 * @lost: exit status of a program for which that is not possible
 *
 * A read or a write still fails there. Otherwise the next file would get its number: output
 * would go into QEMU's monitor, and a child would not get its pipe.
 */
void streams_init(int lost);

#endif /* FREEHINT_STANDARD_STREAMS_H */
