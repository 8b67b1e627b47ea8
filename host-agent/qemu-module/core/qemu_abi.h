/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every symbol borrowed from QEMU, with plain arguments and opaque pointers only,
 * and the one place that knows how QEMU series differ.
 *
 * Verified against the sources and the dynamic symbol tables of QEMU 7.2.22,
 * 10.0.13 and 11.1.3 as packaged by Debian. No QEMU header is included: a QEMU
 * struct's layout is not ours to know. The exceptions are those that we allocate and
 * QEMU only calls through: the list node of a notifier (include/qemu/notify.h: a function
 * and two pointers, the first to the next element, in all three series), a MemoryListener,
 * a RAMBlockNotifier, a timer and SaveVMHandlers. They leave room for more than the tested
 * series have.
 */
#ifndef FREEHINT_QEMU_ABI_H
#define FREEHINT_QEMU_ABI_H

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
 * @notify: callback; QEMU 9.0 and later pass a third argument, which the calling
 *          convention lets us ignore. Must return 0: later series fail the
 *          migration otherwise
 * @node:   QEMU's list node, with room to spare; the next notifier, then the link to this one
 */
struct qemu_notifier {
	int (*notify)(struct qemu_notifier *notifier, void *data);
	void *node[8];
};

/**
 * qemu_notifier_is_last() - will QEMU call nobody after this one?
 * @notifier: registered or not
 *
 * Context: BQL held.
 */
static inline bool qemu_notifier_is_last(const struct qemu_notifier *notifier)
{
	return !notifier->node[0];
}

/**
 * struct qemu_memory_listener - a MemoryListener, include/exec/memory.h
 * @unused:          callbacks; the same number of them in all three series
 * @log_sync_global: called in every sync of the dirty log, in the order of @priority; 7.2
 *                   passes no second argument
 * @more:            callbacks
 * @priority:        the accelerator's is 10
 * @name:            for traces
 * @node:            address space and list nodes, QEMU's
 */
struct qemu_memory_listener {
	void *unused[8];
	void (*log_sync_global)(struct qemu_memory_listener *listener, bool last_stage);
	void *more[8];
	unsigned int priority;
	const char *name;
	void *node[16];
};

/**
 * struct qemu_ram_notifier - a RAMBlockNotifier, include/exec/ramlist.h
 * @added:   memory was allocated; whoever owns it is not complete yet
 * @removed: likewise freed
 * @resized: likewise
 * @node:    list node, QEMU's
 */
struct qemu_ram_notifier {
	void (*added)(struct qemu_ram_notifier *n, void *host, size_t size, size_t max);
	void (*removed)(struct qemu_ram_notifier *n, void *host, size_t size, size_t max);
	void (*resized)(struct qemu_ram_notifier *n, void *host, size_t old, size_t now);
	void *node[8];
};

/**
 * struct qemu_timer - a QEMUTimer, include/qemu/timer.h: five words and two integers
 * @room: QEMU's
 */
struct qemu_timer {
	void *room[16];
};

/* include/qemu/timer.h: QEMUClockType, and nanoseconds of a millisecond */
#define QEMU_CLOCK_REALTIME	0
#define QEMU_SCALE_NS		1
#define QEMU_MS			1000000LL

/**
 * struct qemu_savevm_handlers - SaveVMHandlers of 11.1, include/migration/register.h
 * @unused:                callbacks
 * @is_active:             asked before the others
 * @more:                  callbacks
 * @save_postcopy_prepare: a switch to postcopy begins, the guest still runs
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

typedef void qemu_qmp_fn(QDict *args, QObject **ret, Error **errp);
typedef int qemu_block_fn(RAMBlock *block, void *opaque);
typedef void qemu_state_fn(void *opaque, bool running, int state);
typedef void qemu_reset_fn(void *opaque);
typedef void qemu_call_fn(void *opaque);

/* migration/ram.c, migration/savevm.c, migration/options.c */
#define QEMU_SYMBOLS_MIGRATION(X)						\
	X(void, qemu_guest_free_page_hint, (void *hva, size_t len))		\
	X(void, precopy_add_notifier, (struct qemu_notifier *n))		\
	X(u64, ram_bytes_remaining, (void))					\
	X(Object *, migrate_get_current, (void))				\
	X(bool, migrate_postcopy_ram, (void))					\
	X(bool, migrate_background_snapshot, (void))				\
	X(bool, migrate_ignore_shared, (void))					\
	X(bool, ramblock_page_is_discarded, (RAMBlock *block, u64 offset))	\
	X(bool, migration_in_incoming_postcopy, (void))

/* softmmu/physmem.c, softmmu/memory.c, monitor/misc.c, backends/hostmem.c */
#define QEMU_SYMBOLS_MEMORY(X)							\
	X(void *, gpa2hva, (MemoryRegion **mr, u64 gpa, u64 len, Error **errp))	\
	X(void, memory_region_ref, (MemoryRegion *mr))				\
	X(Object *, memory_region_owner, (MemoryRegion *mr))			\
	X(void, memory_region_unref, (MemoryRegion *mr))			\
	X(void *, memory_region_get_ram_ptr, (MemoryRegion *mr))		\
	X(u64, memory_region_size, (MemoryRegion *mr))				\
	X(MemoryRegion *, host_memory_backend_get_memory, (Object *backend))	\
	X(int, qemu_ram_foreach_block, (qemu_block_fn *fn, void *opaque))	\
	X(void *, qemu_ram_get_host_addr, (RAMBlock *block))			\
	X(size_t, qemu_ram_get_used_length, (RAMBlock *block))			\
	X(size_t, qemu_ram_pagesize, (RAMBlock *block))				\
	X(bool, qemu_ram_is_shared, (RAMBlock *block))				\
	X(int, qemu_ram_get_fd, (RAMBlock *block))				\
	X(const char *, qemu_ram_get_idstr, (RAMBlock *block))			\
	X(int, ram_block_discard_range, (RAMBlock *, u64 start, size_t len))	\
	X(bool, ram_block_discard_is_disabled, (void))				\
	X(void, ram_block_notifier_add, (struct qemu_ram_notifier *n))		\
	X(void, rcu_register_thread, (void))

/* softmmu/memory.c, softmmu/physmem.c: the dirty log */
#define QEMU_SYMBOLS_LOG(X)							\
	X(MemoryRegion *, memory_region_from_host, (void *hva, u64 *offset))	\
	X(void, memory_region_set_log, (MemoryRegion *mr, bool log,		\
					unsigned int client))			\
	X(DirtyBitmapSnapshot *, memory_region_snapshot_and_clear_dirty,	\
	  (MemoryRegion *mr, u64 offset, u64 len, unsigned int client))		\
	X(bool, memory_region_snapshot_get_dirty,				\
	  (MemoryRegion *mr, DirtyBitmapSnapshot *log, u64 offset, u64 len))	\
	X(void, memory_region_set_dirty, (MemoryRegion *mr, u64 offset, u64 len)) \
	X(void, memory_listener_register, (struct qemu_memory_listener *,	\
					   void *address_space))

/*
 * qom/object.c, softmmu/runstate.c, hw/core/reset.c, hw/core/cpu-common.c, util/async.c,
 * util/qemu-timer.c
 */
#define QEMU_SYMBOLS_MACHINE(X)							\
	X(Object *, object_get_objects_root, (void))				\
	X(Object *, object_resolve_path_component, (Object *, const char *))	\
	X(Object *, object_dynamic_cast, (Object *obj, const char *type))	\
	X(u64, object_property_get_uint, (Object *, const char *, Error **))	\
	X(void *, qemu_add_vm_change_state_handler, (qemu_state_fn *, void *))	\
	X(void *, qemu_add_vm_change_state_handler_prio,			\
	  (qemu_state_fn *, void *opaque, int priority))			\
	X(void, qemu_register_reset, (qemu_reset_fn *fn, void *opaque))		\
	X(bool, runstate_is_running, (void))					\
	X(void *, qemu_get_aio_context, (void))					\
	X(void, aio_bh_schedule_oneshot_full,					\
	  (void *context, qemu_call_fn *fn, void *opaque, const char *name))	\
	X(int64_t, qemu_clock_get_ns, (int clock))				\
	X(void, timer_init_full, (struct qemu_timer *timer, void *lists, int clock, \
				  int scale, int attributes, qemu_call_fn *, void *)) \
	X(void, timer_mod_ns, (struct qemu_timer *timer, int64_t expires))	\
	X(CPUState *, qemu_get_cpu, (int index))

/* qapi/qmp-registry.c, qobject/, monitor/, util/error.c */
#define QEMU_SYMBOLS_QMP(X)							\
	X(void, qmp_register_command, (void *cmds, const char *name,		\
				       qemu_qmp_fn *fn, int options,		\
				       unsigned int features))			\
	X(void, qmp_marshal_query_version, (QDict *, QObject **, Error **))	\
	X(Monitor *, monitor_cur, (void))					\
	X(int, monitor_get_fd, (Monitor *, const char *name, Error **errp))	\
	X(QDict *, qdict_new, (void))						\
	X(void, qdict_put_obj, (QDict *, const char *key, QObject *))		\
	X(void, qdict_put_int, (QDict *, const char *key, int64_t))		\
	X(void, qdict_put_bool, (QDict *, const char *key, bool))		\
	X(void, qdict_put_str, (QDict *, const char *key, const char *))	\
	X(int, qdict_haskey, (const QDict *, const char *key))			\
	X(int64_t, qdict_get_try_int, (const QDict *, const char *, int64_t))	\
	X(const char *, qdict_get_try_str, (const QDict *, const char *))	\
	X(bool, qdict_get_try_bool, (const QDict *, const char *, bool))	\
	X(QDict *, qdict_get_qdict, (const QDict *, const char *key))		\
	X(QList *, qdict_get_qlist, (const QDict *, const char *key))		\
	X(const QDictEntry *, qdict_first, (const QDict *))			\
	X(const QDictEntry *, qdict_next, (const QDict *, const QDictEntry *))	\
	X(const char *, qdict_entry_key, (const QDictEntry *))			\
	X(QList *, qlist_new, (void))						\
	X(void, qlist_append_obj, (QList *, QObject *))				\
	X(void, qlist_append_int, (QList *, int64_t))				\
	X(QObject *, qlist_pop, (QList *))					\
	X(size_t, qlist_size, (const QList *))					\
	X(void, error_free, (Error *))						\
	X(const char *, error_get_pretty, (const Error *))			\
	X(void, error_report, (const char *fmt, ...))				\
	X(void, warn_report, (const char *fmt, ...))				\
	X(void, error_setg_internal, (Error **errp, const char *src, int line,	\
				      const char *func, const char *fmt, ...))

#define QEMU_SYMBOLS(X)								\
	QEMU_SYMBOLS_MIGRATION(X)						\
	QEMU_SYMBOLS_MEMORY(X)							\
	QEMU_SYMBOLS_LOG(X)							\
	QEMU_SYMBOLS_MACHINE(X)							\
	QEMU_SYMBOLS_QMP(X)

/* X(member of struct qemu_abi, name in newer series, name in older ones) */
#define QEMU_RENAMED(X)								\
	X(bql_is_locked, "bql_locked", "qemu_mutex_iothread_locked")		\
	X(bql_lock, "bql_lock_impl", "qemu_mutex_lock_iothread_impl")		\
	X(bql_unlock, "bql_unlock", "qemu_mutex_unlock_iothread")		\
	X(colo, "migrate_colo", "migrate_colo_enabled")				\
	X(ram_is_ignored, "migrate_ram_is_ignored", "ramblock_is_ignored")

/**
 * struct qemu_abi - the looked-up symbols
 *
 * One pointer per line of QEMU_SYMBOLS under QEMU's own name, then what has
 * another name or a meaning in some series only:
 * @qmp_commands:  QEMU's list of QMP commands
 * @bql_is_locked: does this thread hold the big lock? qemu_mutex_iothread_locked
 *                 before 9.0, bql_locked since
 * @bql_lock:      take it; qemu_mutex_lock_iothread_impl before 9.0, bql_lock_impl since
 * @bql_unlock:    drop it; qemu_mutex_unlock_iothread before 9.0
 * @colo:          is the x-colo capability set? migrate_colo_enabled before 8.1
 * @ram_is_ignored: is the block left out of the migration? ramblock_is_ignored
 *                 before 8.1, migrate_ram_is_ignored since
 * @g_free:        GLib's, which QEMU is linked with
 * @address_space_memory: the guest's memory as its processors see it
 * @register_savevm_live: set where a switch to postcopy has to be announced by savevm
 *                 handlers, since 11.1
 * @tells_switchover: it is known how this series switches to postcopy
 * @tlb_reset_dirty: accel/tcg/cputlb.c; this and the next are set only where this
 *                 process runs TCG, whose TLBs a dirty-log sync leaves as they are
 *                 (before 9.0), or resets for the first RAM block only
 * @after_log_sync: memory_global_after_dirty_log_sync(), waits until every vCPU has
 *                 left the translation block it was in; drops the BQL meanwhile
 * @answers:       all that QMP commands need was found, and the version
 * @major:         of the QEMU version; 0 where it cannot be asked
 * @minor:         of the QEMU version
 * @micro:         of the QEMU version
 */
struct qemu_abi {
#define QEMU_MEMBER(ret, name, args) ret (*name) args;
	QEMU_SYMBOLS(QEMU_MEMBER)
#undef QEMU_MEMBER
	void *qmp_commands;
	bool (*bql_is_locked)(void);
	void (*bql_lock)(const char *file, int line);
	void (*bql_unlock)(void);
	bool (*colo)(void);
	bool (*ram_is_ignored)(RAMBlock *block);
	void (*g_free)(void *memory);
	void *address_space_memory;
	int (*register_savevm_live)(const char *name, u32 instance, int version,
				    const struct qemu_savevm_handlers *ops, void *opaque);
	bool tells_switchover;
	void (*tlb_reset_dirty)(CPUState *cpu, u64 hva, u64 len);
	void (*after_log_sync)(void);
	bool answers;
	int major;
	int minor;
	int micro;
};

extern struct qemu_abi qemu;

/* Set an Error the way QEMU's error_setg() does. */
#define qemu_error(errp, ...)							\
	qemu.error_setg_internal(errp, __FILE__, __LINE__, __func__, __VA_ARGS__)

/**
 * qemu_abi_load() - look up every symbol and the version
 *
 * Safe to call from a constructor: nothing but the version is asked of QEMU.
 *
 * Return: NULL, or the name of the first symbol this QEMU does not export. What QMP
 * commands need is looked up first: see @qemu.answers.
 */
const char *qemu_abi_load(void);

/** qemu_abi_late() - look up what exists only once the accelerator is loaded */
void qemu_abi_late(void);

/** qemu_abi_tested() - was the series in @qemu.major and @qemu.minor ever tested? */
bool qemu_abi_tested(void);

/**
 * qemu_abi_plugin_version() - plugin API number that a tested series accepts
 *
 * Return: the number, or -1 for other series.
 */
int qemu_abi_plugin_version(void);

#endif /* FREEHINT_QEMU_ABI_H */
