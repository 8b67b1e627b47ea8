/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which pages of QEMU's memory the host holds in RAM at this moment.
 */
#ifndef FREEHINT_RESIDENT_H
#define FREEHINT_RESIDENT_H

#include <stdbool.h>

#include "../../../include/freehint/types.h"

/* Guest pages per mincore() call: 2 MiB, up to 0.4 ms. */
#define RESIDENT_PAGES	512

/**
 * struct resident - the answer of one look
 * @first: host address from which on @page counts
 * @shift: log2 of the host's page size
 * @known: the kernel has answered
 * @page:  bit 0 of each byte: a page of the host is in RAM
 */
struct resident {
	u64 first;
	u32 shift;
	bool known;
	u8 page[RESIDENT_PAGES + 1];
};

/**
 * resident_look() - ask the kernel
 * @look: filled
 * @hva:  first byte, a multiple of 4096; mapped
 * @len:  bytes, at most RESIDENT_PAGES guest pages
 *
 * Context: BQL held, so that the memory stays mapped. Up to 0.4 ms for 2 MiB of a file.
 */
void resident_look(struct resident *look, const u8 *hva, u64 len);

/**
 * resident_is_absent() - is a page of guest memory not in RAM?
 * @look: from resident_look()
 * @hva:  address of the page, in the range of the look
 *
 * Return: true if it is swapped out or was never touched since it was discarded; false, too,
 * if the kernel has not answered.
 */
bool resident_is_absent(const struct resident *look, const u8 *hva);

#endif /* FREEHINT_RESIDENT_H */
