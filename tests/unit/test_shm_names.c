// SPDX-License-Identifier: GPL-2.0
/*
 * The names of what stands in the region: each value has its own, and a number that nobody
 * knows reads nothing behind a table.
 */
#include "include/freehint/shm_names.h"
#include "tests/unit/unit.h"

typedef const char *name_fn(u32 value);

static void is_named(name_fn *name, u32 last, const char *const *expected)
{
	u32 i;

	for (i = 0; i <= last; i++)
		assert_string_equal(name(i), expected[i]);
	assert_string_equal(name(last + 1), "unknown");
	assert_string_equal(name(UINT32_MAX), "unknown");
}

static void each_value_has_its_name(void **state)
{
	static const char *const phases[] = { "off", "ready", "round" };
	static const char *const contracts[] = { "none", "dead", "zero", "refused" };
	static const char *const refusals[] = {
		"none", "page-poison", "page-size", "admin", "kernel", "prezero",
	};
	static const char *const give_back[] = {
		"unknown", "possible", "no-kernel", "busy", "contract", "admin", "failed",
	};

	is_named(freehint_phase_name, FREEHINT_PHASE_ROUND, phases);
	is_named(freehint_contract_name, FREEHINT_CONTRACT_REFUSED, contracts);
	is_named(freehint_refusal_name, FREEHINT_REFUSAL_PREZERO, refusals);
	is_named(freehint_give_back_name, FREEHINT_GIVE_BACK_FAILED, give_back);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(each_value_has_its_name),
)
