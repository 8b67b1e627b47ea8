/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What QEMU has to do with discarded memory, for unit tests: the discard itself, what stands
 * against it, and the state of migrations. On top of fake_qemu.c and fake_qobject.c.
 */
#ifndef FREEHINT_FAKE_DISCARD_H
#define FREEHINT_FAKE_DISCARD_H

#include "fake_qemu.h"

#define FAKE_VMEMS	2

/**
 * struct fake_vmem - a virtio-mem device
 * @memdev:   its memory, NULL: there is no such device
 * @prealloc: its property
 */
struct fake_vmem {
	RAMBlock *memdev;
	bool prealloc;
};

/**
 * struct fake_discard - what tests set and look at
 * @status:    of query-migrate, NULL: there never was a migration
 * @takes_us:  how long query-migrate takes
 * @disabled:  ram_block_discard_is_disabled()
 * @fails:     the discard fails
 * @vmem:      devices among the objects of the machine
 * @walks:     over all objects of the machine
 * @before:    called before each discard: what a guest or another device does meanwhile
 * @bytes:     discarded
 * @calls:     discards
 * @unheld:    discards of a block to which no reference is held, or without the BQL
 * @unaligned: discards of parts of pages
 */
struct fake_discard {
	const char *status;
	unsigned int takes_us;
	bool disabled;
	bool fails;
	struct fake_vmem vmem[FAKE_VMEMS];
	unsigned int walks;
	void (*before)(void);
	u64 bytes;
	unsigned int calls;
	unsigned int unheld;
	unsigned int unaligned;
};

extern struct fake_discard fake_discard;

/** fake_discard_install() - after fake_qemu_init(); forgets everything */
void fake_discard_install(void);

#endif /* FREEHINT_FAKE_DISCARD_H */
