// SPDX-License-Identifier: GPL-2.0
/*
 * A side that speaks versions 1 to 1: the first version only.
 */
#define SIDE			side_1_1
#define FREEHINT_VERSION_MIN	1
#define FREEHINT_VERSION	1
#include "tests/fakes/side_body.h"
