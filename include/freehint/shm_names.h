/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The names of the values in shm_layout.h, as messages and QMP spell them. A value that has no
 * name is "unknown": the other side may have written anything.
 */
#ifndef FREEHINT_SHM_NAMES_H
#define FREEHINT_SHM_NAMES_H

#include "shm_layout.h"

/** freehint_phase_name() - Return: name of an enum freehint_phase, a constant */
static inline const char *freehint_phase_name(u32 phase)
{
	static const char * const names[] = {
		[FREEHINT_PHASE_OFF] = "off",
		[FREEHINT_PHASE_READY] = "ready",
		[FREEHINT_PHASE_ROUND] = "round",
	};

	return phase < ARRAY_SIZE(names) ? names[phase] : "unknown";
}

/** freehint_contract_name() - Return: name of an enum freehint_contract, a constant */
static inline const char *freehint_contract_name(u32 contract)
{
	static const char * const names[] = {
		[FREEHINT_CONTRACT_NONE] = "none",
		[FREEHINT_CONTRACT_DEAD] = "dead",
		[FREEHINT_CONTRACT_ZERO] = "zero",
		[FREEHINT_CONTRACT_REFUSED] = "refused",
	};

	return contract < ARRAY_SIZE(names) ? names[contract] : "unknown";
}

/** freehint_refusal_name() - Return: name of an enum freehint_refusal, a constant */
static inline const char *freehint_refusal_name(u32 refusal)
{
	static const char * const names[] = {
		[FREEHINT_REFUSAL_NONE] = "none",
		[FREEHINT_REFUSAL_POISON] = "page-poison",
		[FREEHINT_REFUSAL_PAGE_SIZE] = "page-size",
		[FREEHINT_REFUSAL_ADMIN] = "admin",
		[FREEHINT_REFUSAL_KERNEL] = "kernel",
		[FREEHINT_REFUSAL_PREZERO] = "prezero",
	};

	return refusal < ARRAY_SIZE(names) ? names[refusal] : "unknown";
}

/** freehint_give_back_name() - Return: name of an enum freehint_give_back, a constant */
static inline const char *freehint_give_back_name(u32 give_back)
{
	static const char * const names[] = {
		[FREEHINT_GIVE_BACK_UNKNOWN] = "unknown",
		[FREEHINT_GIVE_BACK_POSSIBLE] = "possible",
		[FREEHINT_GIVE_BACK_NO_KERNEL] = "no-kernel",
		[FREEHINT_GIVE_BACK_BUSY] = "busy",
		[FREEHINT_GIVE_BACK_CONTRACT] = "contract",
		[FREEHINT_GIVE_BACK_ADMIN] = "admin",
		[FREEHINT_GIVE_BACK_FAILED] = "failed",
	};

	return give_back < ARRAY_SIZE(names) ? names[give_back] : "unknown";
}

#endif /* FREEHINT_SHM_NAMES_H */
