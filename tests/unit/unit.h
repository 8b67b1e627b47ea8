/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every unit test includes: cmocka, the headers that it wants before its own, and the
 * test that has a setup() and a teardown() of its file.
 */
#ifndef FREEHINT_TEST_UNIT_H
#define FREEHINT_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif /* FREEHINT_TEST_UNIT_H */
