/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds the plugin API number that QEMU expects, before QEMU reads it.
 */
#ifndef FREEHINT_PLUGIN_NUMBER_H
#define FREEHINT_PLUGIN_NUMBER_H

#include "../../../include/freehint/types.h"

/**
 * plugin_number_find() - find the number to declare
 * @declared: the variable that QEMU reads; changed while the loader is called, not set to
 *            the result
 *
 * Context: a constructor of this object, after qemu_abi_load().
 *
 * Return: the number; a guess if the series is unknown and the loader does not answer.
 */
int plugin_number_find(int *declared);

/** plugin_number_in_trial() - is this object being offered to QEMU's loader right now? */
bool plugin_number_in_trial(void);

#endif /* FREEHINT_PLUGIN_NUMBER_H */
