// SPDX-License-Identifier: GPL-2.0
/*
 * Looks up the functions of QEMU that are used, and records how QEMU series differ.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#include "qemu_abi.h"

#ifdef FREEHINT_LINKED
#include "qemu_linked.h"
#define FIND_SYMBOL(name)	qemu_linked_symbol(name)
#else
#define FIND_SYMBOL(name)	dlsym(RTLD_DEFAULT, name)
#endif

struct qemu_abi qemu;

/**
 * struct series - a QEMU series that is known
 * @major:    of the version
 * @minor:    of the version
 * @plugin:   plugin API number to declare; QEMU accepts a window of them
 * @signal:   how it switches to postcopy
 * @evidence: how that is known
 *
 * An inferred series takes the lowest number of its window: plugins/plugin.h has 2 in
 * 10.0.13 and 10.2.2, and the patch that raised it from 0 is of 9.0.
 * ram_postcopy_send_discard_bitmap() of migration/ram.c syncs without notifiers in 7.2.22,
 * 10.0.13 and 10.2.2, and patches in between (migration_bitmap_sync() got @last_stage in 8.1)
 * left that alone. Whole trees of 8.2, 9.x and 10.1 were not at hand. Of 11.0 only the number is
 * known, from the list in include/plugins/qemu-plugin.h.
 */
struct series {
	int major;
	int minor;
	int plugin;
	enum qemu_switch_signal signal;
	enum qemu_evidence evidence;
};

static const struct series known[] = {
	{ 7, 2, 1, QEMU_SWITCH_OUTSIDE_SYNC, QEMU_TESTED },
	{ 8, 2, 1, QEMU_SWITCH_OUTSIDE_SYNC, QEMU_INFERRED },
	{ 9, 0, 2, QEMU_SWITCH_OUTSIDE_SYNC, QEMU_INFERRED },
	{ 9, 1, 2, QEMU_SWITCH_OUTSIDE_SYNC, QEMU_INFERRED },
	{ 9, 2, 2, QEMU_SWITCH_OUTSIDE_SYNC, QEMU_INFERRED },
	{ 10, 0, 4, QEMU_SWITCH_OUTSIDE_SYNC, QEMU_TESTED },
	{ 10, 1, 2, QEMU_SWITCH_OUTSIDE_SYNC, QEMU_INFERRED },
	{ 10, 2, 5, QEMU_SWITCH_OUTSIDE_SYNC, QEMU_TESTED },
	{ 11, 0, 6, QEMU_SWITCH_UNKNOWN, QEMU_UNKNOWN },
	{ 11, 1, 7, QEMU_SWITCH_ANNOUNCED, QEMU_TESTED },
};

/*
 * Not before 9.0: all windows start at 0 there, and before 7.0 the loader prints its errors
 * itself.
 */
#define WINDOW_MIN_MAJOR	9

/* POSIX allows storing dlsym()'s object pointer as a function pointer. */
static bool look_up(void *member, const char *name)
{
	void *symbol = FIND_SYMBOL(name);

	*(void **)member = symbol;
	return symbol;
}

static bool look_up_either(void *member, const char *newer, const char *older)
{
	return look_up(member, newer) || look_up(member, older);
}

static const char *look_up_renamed(void)
{
	if (!look_up(&qemu.g_free, "g_free"))
		return "g_free";
	qemu.address_space_memory = FIND_SYMBOL("address_space_memory");
	if (!qemu.address_space_memory)
		return "address_space_memory";
#define QEMU_LOOK_UP_EITHER(member, newer, older)		\
	if (!look_up_either(&qemu.member, newer, older))	\
		return newer;
	QEMU_RENAMED(QEMU_LOOK_UP_EITHER)
#undef QEMU_LOOK_UP_EITHER
	return NULL;
}

static void query_version(void)
{
	QObject *answer = NULL;
	QDict *version;

	/* The answer is a QDict. It is never freed: this runs once. */
	qemu.qmp_marshal_query_version(qemu.qdict_new(), &answer, NULL);
	if (!answer)
		return;
	version = qemu.qdict_get_qdict((QDict *)answer, "qemu");
	if (!version)
		return;
	qemu.major = qemu.qdict_get_try_int(version, "major", 0);
	qemu.minor = qemu.qdict_get_try_int(version, "minor", 0);
	qemu.micro = qemu.qdict_get_try_int(version, "micro", 0);
}

#define QEMU_LOOK_UP(ret, name, args)		\
	if (!look_up(&qemu.name, #name))	\
		return #name;

static const char *look_up_qmp(void)
{
	QEMU_SYMBOLS_QMP(QEMU_LOOK_UP)
	qemu.qmp_commands = FIND_SYMBOL("qmp_commands");
	return qemu.qmp_commands ? NULL : "qmp_commands";
}

static const char *look_up_rest(void)
{
	QEMU_SYMBOLS_MIGRATION(QEMU_LOOK_UP)
	QEMU_SYMBOLS_MEMORY(QEMU_LOOK_UP)
	QEMU_SYMBOLS_LOG(QEMU_LOOK_UP)
	QEMU_SYMBOLS_MACHINE(QEMU_LOOK_UP)
	return look_up_renamed();
}

#undef QEMU_LOOK_UP

const char *qemu_abi_load(void)
{
	const char *missing = look_up_qmp();

	qemu.has_qmp = !missing;
	if (missing)
		return missing;
	query_version();
	return look_up_rest();
}

static const struct series *find_series(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].major == qemu.major && known[i].minor == qemu.minor)
			return &known[i];
	return NULL;
}

static void find_tlb_reset(void)
{
	const bool *tcg = FIND_SYMBOL("tcg_allowed");

	qemu.tlb_reset_dirty = NULL;
	qemu.after_log_sync = NULL;
	if (!tcg || !*tcg)
		return;
	if (!look_up(&qemu.tlb_reset_dirty, "tlb_reset_dirty") ||
	    !look_up(&qemu.after_log_sync, "memory_global_after_dirty_log_sync"))
		qemu.tlb_reset_dirty = NULL;
}

static void find_switchover(void)
{
	const struct series *series = find_series();

	qemu.switch_signal = series ? series->signal : QEMU_SWITCH_UNKNOWN;
	if (qemu.switch_signal == QEMU_SWITCH_ANNOUNCED &&
	    !look_up(&qemu.register_savevm_live, "register_savevm_live"))
		qemu.switch_signal = QEMU_SWITCH_UNKNOWN;
}

/* If QEMU exports neither, locked memory is noticed when the first discard fails. */
static void find_mlock(void)
{
	qemu.mlock_state = FIND_SYMBOL("mlock_state");
	qemu.enable_mlock = FIND_SYMBOL("enable_mlock");
}

void qemu_abi_late(void)
{
	find_mlock();
	find_tlb_reset();
	find_switchover();
}

enum qemu_evidence qemu_abi_evidence(void)
{
	const struct series *series = find_series();

	return series ? series->evidence : QEMU_UNKNOWN;
}

const char *qemu_abi_evidence_text(void)
{
	if (qemu_abi_evidence() != QEMU_INFERRED)
		return "";
	return ", that it works is only inferred from other series";
}

const char *qemu_abi_tested_series(void)
{
	static char text[64];
	size_t at = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known) && at < sizeof(text); i++)
		if (known[i].evidence == QEMU_TESTED)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%d.%d",
					       at ? ", " : "", known[i].major, known[i].minor);
	return text;
}

int qemu_abi_plugin_version(void)
{
	const struct series *series = find_series();

	return series ? series->plugin : -1;
}

bool qemu_abi_loader_names_window(void)
{
	return qemu.major >= WINDOW_MIN_MAJOR;
}
