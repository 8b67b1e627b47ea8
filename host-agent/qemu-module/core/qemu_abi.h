/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU as the extension sees it: the symbols, and the differences between QEMU series. Nothing
 * else checks the version of QEMU.
 */
#ifndef FREEHINT_QEMU_ABI_H
#define FREEHINT_QEMU_ABI_H

#include "qemu_symbols.h"

/**
 * struct qemu_abi - the symbols of QEMU
 *
 * One pointer per line of QEMU_SYMBOLS under QEMU's own name. Then the members whose name or
 * meaning depends on the series:
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
 * @register_savevm_live: set where @switch_signal is QEMU_SWITCH_ANNOUNCED
 * @switch_signal: how this series switches to postcopy
 * @tlb_reset_dirty: accel/tcg/cputlb.c. This and the next are set only if this process runs
 *                 TCG: a dirty-log sync does not reset its TLBs (before 9.0), or resets
 *                 them for the first RAM block only
 * @after_log_sync: memory_global_after_dirty_log_sync(); waits until every vCPU has
 *                 left the translation block it was in; drops the BQL in between
 * @mlock_state:   -overcommit mem-lock; enum MlockState, 0 is off; NULL before 10.0
 * @enable_mlock:  the same before 10.0; NULL since
 * @has_qmp:       all symbols that QMP commands need were found, and the version
 * @major:         of the QEMU version; 0 if unknown. Without @has_qmp it is read from the
 *                 executable (emulator_version.c), for the plugin API number only
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
	enum qemu_switch_signal switch_signal;
	void (*tlb_reset_dirty)(CPUState *cpu, u64 hva, u64 len);
	void (*after_log_sync)(void);
	const int *mlock_state;
	const bool *enable_mlock;
	bool has_qmp;
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
 * Safe in a constructor: it asks QEMU for the version only. Symbols that QMP commands need are
 * looked up first: see @qemu.has_qmp.
 *
 * Return: NULL, or the name of the first symbol that this QEMU does not export.
 */
const char *qemu_abi_load(void);

/**
 * qemu_abi_late() - look up symbols that exist only after the accelerator is loaded
 *
 * Context: main loop, once, after QEMU has chosen its accelerator.
 */
void qemu_abi_late(void);

/**
 * qemu_migrate_parameter() - a number of QEMU's migration object
 * @name:      of its property
 * @otherwise: for a QEMU that does not have it
 *
 * Context: BQL held, or a property that QEMU does not change while it migrates.
 *
 * Return: the number.
 */
static inline u64 qemu_migrate_parameter(const char *name, u64 otherwise)
{
	Error *err = NULL;
	u64 value;

	value = qemu.object_property_get_uint(qemu.migrate_get_current(), name, &err);
	if (!err)
		return value;
	qemu.error_free(err);
	return otherwise;
}

/**
 * enum qemu_evidence - how it is known that the extension works in a QEMU series
 * @QEMU_UNKNOWN:  it is not
 * @QEMU_INFERRED: from the source of other series. Nobody has run it. It is used only if the
 *                 administrator allows it (allow-untested=on).
 * @QEMU_TESTED:   the tests run in it
 */
enum qemu_evidence {
	QEMU_UNKNOWN,
	QEMU_INFERRED,
	QEMU_TESTED,
};

/** qemu_abi_evidence() - what is known of the series in @qemu.major and @qemu.minor */
enum qemu_evidence qemu_abi_evidence(void);

/**
 * qemu_abi_evidence_text() - what is known of an untested series, for a message
 *
 * Return: a clause that begins with a comma, or "" if nothing is known.
 */
const char *qemu_abi_evidence_text(void);

/** qemu_abi_tested_series() - the tested series for a message, such as "7.2, 10.0" */
const char *qemu_abi_tested_series(void);

/**
 * qemu_abi_plugin_version() - plugin API number that this series accepts, if it is known
 *
 * Return: the number, or -1 for other series.
 */
int qemu_abi_plugin_version(void);

/**
 * qemu_abi_loader_names_window() - does QEMU's plugin loader name its lowest number in an Error?
 *
 * Return: false also where nobody needs that, because all windows start at 0.
 */
bool qemu_abi_loader_names_window(void);

#endif /* FREEHINT_QEMU_ABI_H */
