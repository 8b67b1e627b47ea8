/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which plugin API number QEMU wants to read in us: found out before it reads it.
 */
#ifndef FREEHINT_PLUGIN_NUMBER_H
#define FREEHINT_PLUGIN_NUMBER_H

#include "../../../include/freehint/types.h"

/**
 * plugin_number_find() - the number to declare
 * @declared: what QEMU reads; changed while QEMU is asked, not set to the answer
 *
 * Context: a constructor of this object, after qemu_abi_load().
 *
 * Return: the number; a guess where QEMU can neither be asked nor is known.
 */
int plugin_number_find(int *declared);

/** plugin_number_is_asked() - is QEMU's loader just being asked? */
bool plugin_number_is_asked(void);

#endif /* FREEHINT_PLUGIN_NUMBER_H */
