// SPDX-License-Identifier: GPL-2.0
/*
 * A side that speaks versions 1 to 2: the first version and one more.
 */
#define SIDE			side_1_2
#define FREEHINT_VERSION_MIN	1
#define FREEHINT_VERSION	2
#include "tests/fakes/side_body.h"
