// SPDX-License-Identifier: GPL-2.0
/*
 * JSON of QEMU's: integers that only an unsigned 64-bit number can hold are read, nothing else
 * changes, and no count of a peer's is negative.
 */
/* links: host-agent/common/read_json.c */
/* libs: jansson */
#include <stdlib.h>
#include <string.h>

#include "host-agent/common/json_natural.h"
#include "host-agent/common/read_json.h"
#include "tests/unit/unit.h"

/* ASan sees a byte that is read behind a copy without terminator. */
static json_t *read_exactly(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1);
	json_t *value;

	assert_non_null(copy);
	memcpy(copy + 1, text, len);
	value = read_json(copy + 1, len);
	free(copy);
	return value;
}

static void only_wide_integers_change(void **state)
{
	static const char *const texts[][2] = {
		{ "{\"a\": 18446744073709551615}", "{\"a\":-1}" },
		{ "[9223372036854775808,18446744073709551614]", "[-9223372036854775808,-2]" },
		{ "[18446744073709551615, 9223372036854775807]", "[-1,9223372036854775807]" },
		{ "[18446744073709551615,-9223372036854775808]", "[-1,-9223372036854775808]" },
		{ "[18446744073709551615, 1234567890, -5, 1.5e3]", "[-1,1234567890,-5,1500.0]" },
		{ "[18446744073709551615,{\"18446744073709551615\":\"\\\"18446744073709551615\"}]",
		  "[-1,{\"18446744073709551615\":\"\\\"18446744073709551615\"}]" },
	};
	json_t *value;
	char *text;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		value = read_exactly(texts[i][0]);
		assert_non_null(value);
		text = json_dumps(value, JSON_COMPACT);
		assert_string_equal(text, texts[i][1]);
		free(text);
		json_decref(value);
	}
}

/* QEMU sends none of them. */
static void what_is_no_number_of_qemu_is_refused(void **state)
{
	static const char *const texts[] = {
		"[18446744073709551616]", "[-9223372036854775809]", "[-18446744073709551615]",
		"[1e999]", "[018446744073709551615]", "[18446744073709551615", "18446744073709551615x",
		"[\"18446744073709551615]", "[\"18446744073709551615\\", "",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		assert_null(read_exactly(texts[i]));
}

static void wide_integer_is_no_count(void **state)
{
	json_t *value = read_exactly("{\"a\": 18446744073709551615, \"b\": 9223372036854775808, "
				     "\"c\": 9223372036854775807}");

	assert_int_equal(json_natural(value, "a"), 0);
	assert_int_equal(json_natural(value, "b"), 0);
	assert_int_equal(json_natural(value, "c"), INT64_MAX);
	json_decref(value);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(only_wide_integers_change),
		cmocka_unit_test(what_is_no_number_of_qemu_is_refused),
		cmocka_unit_test(wide_integer_is_no_count),
)
