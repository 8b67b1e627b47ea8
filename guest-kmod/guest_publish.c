// SPDX-License-Identifier: GPL-2.0
/*
 * The protocol's writing side, compiled into the module unchanged: proto/ holds
 * the only code that touches the shared bytes.
 */
#include "../proto/guest_publish.c"
