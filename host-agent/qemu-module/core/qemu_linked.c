// SPDX-License-Identifier: GPL-2.0
/*
 * Symbols of the QEMU that the extension is linked with. They come from the list that
 * qemu_abi.c looks up elsewhere, so a missing symbol is a linker error. A QEMU configured with
 * --disable-tcg has no TLBs to reset; FREEHINT_LINKED_TCG is defined if it has TCG.
 */
#include <stdint.h>
#include <string.h>

#include "qemu_linked.h"
#include "qemu_symbols.h"

/* QEMU's headers declare them with QEMU's types; the linker sees no difference. */
#define QEMU_DECLARE(ret, name, args) extern ret name args;
QEMU_SYMBOLS(QEMU_DECLARE)
#undef QEMU_DECLARE

/* The newer names only: the patches are for recent QEMU series. */
extern bool bql_locked(void);
extern void bql_lock_impl(const char *file, int line);
extern void bql_unlock(void);
extern bool migrate_colo(void);
extern bool migrate_ram_is_ignored(RAMBlock *block);
extern char qmp_commands[];
extern char address_space_memory[];
extern void g_free(void *memory);
extern int register_savevm_live(const char *name, u32 instance, int version,
				const struct qemu_savevm_handlers *ops, void *opaque);
extern void memory_global_after_dirty_log_sync(void);
extern int mlock_state;
#ifdef FREEHINT_LINKED_TCG
extern bool tcg_allowed;
extern void tlb_reset_dirty(CPUState *cpu, uintptr_t hva, uintptr_t len);
#endif

/**
 * struct linked - one symbol
 * @name:    name that qemu_abi.c looks up
 * @address: its address
 */
struct linked {
	const char *name;
	void *address;
};

#define LINKED(symbol)	{ #symbol, (void *)(symbol) }

static const struct linked linked[] = {
#define QEMU_ENTRY(ret, name, args) LINKED(name),
	QEMU_SYMBOLS(QEMU_ENTRY)
#undef QEMU_ENTRY
	LINKED(bql_locked),
	LINKED(bql_lock_impl),
	LINKED(bql_unlock),
	LINKED(migrate_colo),
	LINKED(migrate_ram_is_ignored),
	LINKED(qmp_commands),
	LINKED(address_space_memory),
	LINKED(g_free),
	LINKED(register_savevm_live),
	LINKED(memory_global_after_dirty_log_sync),
	{ "mlock_state", &mlock_state },
#ifdef FREEHINT_LINKED_TCG
	{ "tcg_allowed", &tcg_allowed },
	LINKED(tlb_reset_dirty),
#endif
};

void *qemu_linked_symbol(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(linked); i++)
		if (!strcmp(linked[i].name, name))
			return linked[i].address;
	return NULL;
}
