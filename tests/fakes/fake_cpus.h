/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The vCPUs of fake_qemu.c, which alone includes this: those that are plugged, as
 * query-cpus-fast lists them, and their TLBs.
 */
#ifndef FREEHINT_FAKE_CPUS_H
#define FREEHINT_FAKE_CPUS_H

#include "fake_qemu.h"

#define FAKE_MAX_CPUS	8

static char a_cpu[FAKE_MAX_CPUS], a_cpu_entry[FAKE_MAX_CPUS], a_cpu_list;
/* Those that are still in the list, as bits. */
static u64 listed_cpus;

static CPUState *get_cpu(int index)
{
	return index >= 0 && index < FAKE_MAX_CPUS && fake.cpus & 1ULL << index ?
	       (CPUState *)&a_cpu[index] : NULL;
}

static void query_cpus(QDict *args, QObject **ret, Error **errp)
{
	if (args != (QDict *)&a_dict || !fake.bql)
		abort();
	listed_cpus = fake.cpus;
	*ret = (QObject *)&a_cpu_list;
}

static QObject *pop_cpu(QList *list)
{
	int index = listed_cpus ? __builtin_ctzll(listed_cpus) : 0;

	if (list != (QList *)&a_cpu_list)
		abort();
	if (!listed_cpus)
		return NULL;
	listed_cpus &= listed_cpus - 1;
	return (QObject *)&a_cpu_entry[index];
}

static int64_t cpu_index(const QDict *dict, const char *key, int64_t none)
{
	int64_t index = (const char *)dict - a_cpu_entry;

	return !strcmp(key, "cpu-index") && index >= 0 && index < FAKE_MAX_CPUS ? index : none;
}

static void reset_tlb(CPUState *cpu, u64 hva, u64 len)
{
	if (!cpu)
		abort();
	if (!hva && len == UINT64_MAX)
		fake.tlb_resets++;
}

/* As run_on_cpu() does. */
static void wait_for_cpus(void)
{
	bql_unlock();
	bql_lock(__FILE__, __LINE__);
	if (fake.tlb_resets)
		fake.tlb_waits++;
}

void fake_qemu_is_old_tcg(void)
{
	fake.cpus = 3;
	qemu.qemu_get_cpu = get_cpu;
	qemu.qmp_marshal_query_cpus_fast = query_cpus;
	qemu.qlist_pop = pop_cpu;
	qemu.qdict_get_try_int = cpu_index;
	qemu.tlb_reset_dirty = reset_tlb;
	qemu.after_log_sync = wait_for_cpus;
}

#endif /* FREEHINT_FAKE_CPUS_H */
