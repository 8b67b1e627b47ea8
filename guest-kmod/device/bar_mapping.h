/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maps BAR 2 with the fastest memory type that it can have: write-back, else
 * write-combining, else uncached.
 */
#ifndef FREEHINT_BAR_MAPPING_H
#define FREEHINT_BAR_MAPPING_H

#include "../compat/bar_memory_type.h"

struct pci_dev;

/**
 * struct bar_mapping - BAR 2, mapped
 * @base: first byte
 * @size: bytes mapped
 * @type: memory type of the mapping; does not change
 */
struct bar_mapping {
	void *base;
	u64 size;
	enum bar_memory_type type;
};

/**
 * bar_mapping_create() - map BAR 2 and log its memory type
 * @mapping: filled on success; bar_mapping_destroy() unmaps it
 * @pdev:    device; the caller has requested the region of BAR 2
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int bar_mapping_create(struct bar_mapping *mapping, struct pci_dev *pdev);

/** bar_mapping_destroy() - unmap BAR 2; sleeps. Nobody may use @base any more. */
void bar_mapping_destroy(struct bar_mapping *mapping);

#endif /* FREEHINT_BAR_MAPPING_H */
