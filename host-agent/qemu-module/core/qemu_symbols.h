/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every symbol of QEMU that is used, one per line. qemu_abi.c looks them up, qemu_linked.c
 * refers to them, the tool checks a QEMU binary for them.
 *
 * Verified against the sources (of 11.1.3 in parts) and the dynamic symbol tables of QEMU 7.2.22,
 * 10.0.13, 10.2.2 and 11.1.3 as packaged by Debian: plain arguments and opaque pointers only.
 */
#ifndef FREEHINT_QEMU_SYMBOLS_H
#define FREEHINT_QEMU_SYMBOLS_H

#include "qemu_types.h"

/* migration/ram.c, migration/savevm.c, migration/options.c */
#define QEMU_SYMBOLS_MIGRATION(X)						\
	X(void, qemu_guest_free_page_hint, (void *hva, size_t len))		\
	X(void, precopy_add_notifier, (struct qemu_notifier *n))		\
	X(u64, ram_bytes_remaining, (void))					\
	X(u64, ram_get_total_transferred_pages, (void))				\
	X(double, qdict_get_double, (const QDict *, const char *key))		\
	X(Object *, migrate_get_current, (void))				\
	X(bool, migrate_postcopy_ram, (void))					\
	X(bool, migrate_dirty_bitmaps, (void))					\
	X(bool, migrate_background_snapshot, (void))				\
	X(bool, migrate_ignore_shared, (void))					\
	X(bool, ramblock_page_is_discarded, (RAMBlock *block, u64 offset))	\
	X(bool, migration_in_incoming_postcopy, (void))				\
	X(void, qmp_marshal_query_migrate, (QDict *, QObject **, Error **))	\
	X(void, qmp_marshal_migrate_set_parameters, (QDict *, QObject **, Error **))

/* softmmu/physmem.c, softmmu/memory.c, monitor/misc.c, backends/hostmem.c */
#define QEMU_SYMBOLS_MEMORY(X)							\
	X(void *, gpa2hva, (MemoryRegion **mr, u64 gpa, u64 len, Error **errp))	\
	X(void, memory_region_ref, (MemoryRegion *mr))				\
	X(Object *, memory_region_owner, (MemoryRegion *mr))			\
	X(void, memory_region_unref, (MemoryRegion *mr))			\
	X(void *, memory_region_get_ram_ptr, (MemoryRegion *mr))		\
	X(u64, memory_region_size, (MemoryRegion *mr))				\
	X(int, memory_region_get_fd, (MemoryRegion *mr))			\
	X(bool, memory_region_is_mapped, (MemoryRegion *mr))			\
	X(void *, memory_region_get_ram_discard_manager, (MemoryRegion *mr))	\
	X(MemoryRegion *, host_memory_backend_get_memory, (Object *backend))	\
	X(int, qemu_ram_foreach_block, (qemu_block_fn *fn, void *opaque))	\
	X(void *, qemu_ram_get_host_addr, (RAMBlock *block))			\
	X(size_t, qemu_ram_get_used_length, (RAMBlock *block))			\
	X(size_t, qemu_ram_pagesize, (RAMBlock *block))				\
	X(bool, qemu_ram_is_shared, (RAMBlock *block))				\
	X(int, qemu_ram_get_fd, (RAMBlock *block))				\
	X(const char *, qemu_ram_get_idstr, (RAMBlock *block))			\
	X(RAMBlock *, qemu_ram_block_from_host, (void *hva, bool round, u64 *offset)) \
	X(int, ram_block_discard_range, (RAMBlock *, u64 start, size_t len))	\
	X(bool, ram_block_discard_is_disabled, (void))				\
	X(void, ram_block_notifier_add, (struct qemu_ram_notifier *n))		\
	X(void, rcu_register_thread, (void))

/* softmmu/memory.c, softmmu/physmem.c: the dirty log */
#define QEMU_SYMBOLS_LOG(X)							\
	X(MemoryRegion *, memory_region_from_host, (void *hva, u64 *offset))	\
	X(DirtyBitmapSnapshot *, memory_region_snapshot_and_clear_dirty,	\
	  (MemoryRegion *mr, u64 offset, u64 len, unsigned int client))		\
	X(bool, memory_region_snapshot_get_dirty,				\
	  (MemoryRegion *mr, DirtyBitmapSnapshot *log, u64 offset, u64 len))	\
	X(void, memory_region_set_dirty, (MemoryRegion *mr, u64 offset, u64 len)) \
	X(void, address_space_unmap, (void *address_space, void *hva, u64 len,	\
				      bool is_write, u64 access_len))		\
	X(void, memory_listener_register, (struct qemu_memory_listener *,	\
					   void *address_space))

/*
 * qom/object.c, softmmu/runstate.c, hw/core/reset.c, hw/core/cpu-common.c,
 * hw/core/machine-qmp-cmds.c, util/async.c, util/qemu-timer.c
 */
#define QEMU_SYMBOLS_MACHINE(X)							\
	X(Object *, object_get_root, (void))					\
	X(Object *, object_get_objects_root, (void))				\
	X(int, object_child_foreach_recursive,					\
	  (Object *parent, qemu_child_fn *fn, void *opaque))			\
	X(Object *, object_resolve_path_component, (Object *, const char *))	\
	X(Object *, object_dynamic_cast, (Object *obj, const char *type))	\
	X(u64, object_property_get_uint, (Object *, const char *, Error **))	\
	X(bool, object_property_get_bool, (Object *, const char *, Error **))	\
	X(Object *, object_property_get_link, (Object *, const char *, Error **)) \
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
	X(CPUState *, qemu_get_cpu, (int index))				\
	X(void, qmp_marshal_query_cpus_fast, (QDict *, QObject **, Error **))

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

#endif /* FREEHINT_QEMU_SYMBOLS_H */
