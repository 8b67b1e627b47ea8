/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Determines the contract: what a free page of this kernel must read as when it is
 * allocated again, and hence whether the host may skip it.
 */
#ifndef FREEHINT_GUEST_CONTRACT_H
#define FREEHINT_GUEST_CONTRACT_H

#include "../../include/freehint/shm_names.h"

/**
 * struct guest_contract - contract of all pages of the guest
 * @contract: enum freehint_contract
 * @refusal:  enum freehint_refusal, NONE unless the contract is REFUSED
 */
struct guest_contract {
	u16 contract;
	u16 refusal;
};

/**
 * guest_contract_now() - read the kernel's options and the module parameters
 *
 * Context: any. Only the module parameters can change while the module runs.
 *
 * Return: the contract.
 */
struct guest_contract guest_contract_now(void);

/**
 * guest_contract_allows() - may the guest report pages in this pass?
 * @contract: enum freehint_contract
 * @pass:     pass of the migration, from 1
 *
 * Return: true if it may.
 */
bool guest_contract_allows(u16 contract, u32 pass);

/** guest_contract_reason() - Return: text for an enum freehint_refusal, a constant */
const char *guest_contract_reason(u16 refusal);

#endif /* FREEHINT_GUEST_CONTRACT_H */
