// SPDX-License-Identifier: GPL-2.0
/*
 * freehint give-back loses its QEMU: it goes on with the same one, and only with that.
 */
/* rig: tests/unit/give_back_tool_rig.h */
#include "tests/unit/give_back_tool_rig.h"

static void a_connection_that_breaks_is_made_again(void **state)
{
	play.drain = 5;
	play.hang_up = 2;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	assert_int_equal(play.server.connections, 2);
}

RUN_TESTS(NULL, NULL,
		TEST(a_connection_that_breaks_is_made_again),
)
