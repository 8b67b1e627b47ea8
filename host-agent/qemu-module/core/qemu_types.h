/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Types borrowed from QEMU: opaque pointers, callbacks, and the few structs that the extension
 * allocates and passes to QEMU.
 *
 * No QEMU header is included, so QEMU's struct layouts are unknown here. The structs reserve
 * more room than the tested series need: the list node of a notifier (include/qemu/notify.h: a
 * function and two pointers, the first to the next element, in all four series), a
 * MemoryListener, a RAMBlockNotifier, a timer and SaveVMHandlers.
 */
#ifndef FREEHINT_QEMU_TYPES_H
#define FREEHINT_QEMU_TYPES_H

#include "../../../include/freehint/types.h"

typedef struct CPUState CPUState;
typedef struct DirtyBitmapSnapshot DirtyBitmapSnapshot;
typedef struct Error Error;
typedef struct MemoryRegion MemoryRegion;
typedef struct Monitor Monitor;
typedef struct Object Object;
typedef struct QDict QDict;
typedef struct QDictEntry QDictEntry;
typedef struct QList QList;
typedef struct QObject QObject;
typedef struct RAMBlock RAMBlock;

/**
 * struct qemu_notifier - a NotifierWithReturn, allocated here, linked by QEMU
 * @notify: callback. QEMU 9.0 and later pass a third argument, which the calling convention
 *          lets the callback ignore. Must return 0: later series fail the migration otherwise
 * @node:   QEMU's list node with spare room: pointer to the next notifier, then the link to
 *          this one
 */
struct qemu_notifier {
	int (*notify)(struct qemu_notifier *notifier, void *data);
	void *node[8];
};

/**
 * qemu_notifier_is_last() - is this the last notifier that QEMU calls?
 * @notifier: registered or not
 *
 * Context: BQL held.
 */
static inline bool qemu_notifier_is_last(const struct qemu_notifier *notifier)
{
	return !notifier->node[0];
}

/**
 * struct qemu_memory_section - the head of a MemoryRegionSection
 * @size:   an Int128
 * @region: what the guest sees there
 */
struct qemu_memory_section {
	u64 size[2];
	MemoryRegion *region;
};

/**
 * struct qemu_memory_listener - a MemoryListener, include/exec/memory.h
 * @unused:          callbacks; the same ones in all series
 * @region_del:      a section of the guest's memory map is about to go. BQL held; called in the
 *                   reverse order of @priority, so before the accelerator lets go of it
 * @more:            callbacks
 * @log_sync_global: called in every sync of the dirty log, in the order of @priority; 7.2
 *                   passes no second argument
 * @rest:            callbacks
 * @priority:        the accelerator's is 10
 * @name:            for traces
 * @node:            QEMU's: address space and list nodes
 */
struct qemu_memory_listener {
	void *unused[3];
	void (*region_del)(struct qemu_memory_listener *listener,
			   const struct qemu_memory_section *section);
	void *more[4];
	void (*log_sync_global)(struct qemu_memory_listener *listener, bool last_stage);
	void *rest[8];
	unsigned int priority;
	const char *name;
	void *node[16];
};

/* @priority of a listener above the accelerators' (10) and vhost's and VFIO's (at most 20) */
#define QEMU_LISTENER_FIRST	1000

/**
 * struct qemu_ram_notifier - a RAMBlockNotifier, include/exec/ramlist.h
 * @added:   memory was allocated; its owner is not complete yet
 * @removed: memory was freed
 * @resized: memory was resized
 * @node:    QEMU's list node
 */
struct qemu_ram_notifier {
	void (*added)(struct qemu_ram_notifier *n, void *host, size_t size, size_t max);
	void (*removed)(struct qemu_ram_notifier *n, void *host, size_t size, size_t max);
	void (*resized)(struct qemu_ram_notifier *n, void *host, size_t old, size_t now);
	void *node[8];
};

/**
 * struct qemu_timer - a QEMUTimer, include/qemu/timer.h: five words and two integers
 * @room: used by QEMU, with spare room
 */
struct qemu_timer {
	void *room[16];
};

/* include/qemu/timer.h: QEMUClockType, and nanoseconds per millisecond */
#define QEMU_CLOCK_REALTIME	0
#define QEMU_SCALE_NS		1
#define QEMU_MS			1000000LL

/**
 * struct qemu_savevm_handlers - SaveVMHandlers of 11.1, include/migration/register.h
 * @unused:                callbacks
 * @is_active:             called before the other callbacks
 * @more:                  callbacks
 * @save_postcopy_prepare: a switch to postcopy starts, the guest still runs
 * @room:                  callbacks
 */
struct qemu_savevm_handlers {
	void *unused[6];
	bool (*is_active)(void *opaque);
	void *more[4];
	bool (*save_postcopy_prepare)(void *stream, void *opaque, Error **errp);
	void *room[32];
};

/**
 * enum qemu_precopy_reason - first field of a precopy notifier's data
 *
 * include/migration/misc.h, PrecopyNotifyReason.
 */
enum qemu_precopy_reason {
	QEMU_PRECOPY_SETUP = 0,
	QEMU_PRECOPY_BEFORE_SYNC = 1,
	QEMU_PRECOPY_AFTER_SYNC = 2,
	QEMU_PRECOPY_COMPLETE = 3,
	QEMU_PRECOPY_CLEANUP = 4,
};

/**
 * enum qemu_switch_signal - how the extension recognises a switch to postcopy
 * @QEMU_SWITCH_UNKNOWN:      the source of this series was not read
 * @QEMU_SWITCH_OUTSIDE_SYNC: by a sync of the migration thread that is not between
 *                            BEFORE_SYNC and AFTER_SYNC
 * @QEMU_SWITCH_ANNOUNCED:    QEMU calls savevm handlers first; the sync itself is like any other
 */
enum qemu_switch_signal {
	QEMU_SWITCH_UNKNOWN,
	QEMU_SWITCH_OUTSIDE_SYNC,
	QEMU_SWITCH_ANNOUNCED,
};

typedef void qemu_qmp_fn(QDict *args, QObject **ret, Error **errp);
typedef int qemu_block_fn(RAMBlock *block, void *opaque);
typedef int qemu_child_fn(Object *child, void *opaque);
typedef void qemu_state_fn(void *opaque, bool running, int state);
typedef void qemu_reset_fn(void *opaque);
typedef void qemu_call_fn(void *opaque);

#endif /* FREEHINT_QEMU_TYPES_H */
