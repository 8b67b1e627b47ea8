/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a free page of this kernel must read as when it is allocated again, and
 * hence whether the host may leave it behind.
 */
#ifndef FREEHINT_GUEST_CONTRACT_H
#define FREEHINT_GUEST_CONTRACT_H

#include "../include/freehint/shm_layout.h"

/**
 * struct guest_contract - one answer for the whole guest
 * @contract: enum freehint_contract
 * @refusal:  enum freehint_refusal, NONE unless the contract is REFUSED
 */
struct guest_contract {
	u16 contract;
	u16 refusal;
};

/**
 * guest_contract_now() - look at how the kernel was started and what the
 * administrator wants
 *
 * Only the administrator's part may change while the module runs.
 *
 * Return: the contract.
 */
struct guest_contract guest_contract_now(void);

/** guest_contract_allows() - may pages be reported in this pass of a migration? */
bool guest_contract_allows(u16 contract, u32 pass);

/** guest_contract_name() - word for an enum freehint_contract */
const char *guest_contract_name(u16 contract);

/** guest_contract_reason() - clause for an enum freehint_refusal */
const char *guest_contract_reason(u16 refusal);

#endif /* FREEHINT_GUEST_CONTRACT_H */
