// SPDX-License-Identifier: GPL-2.0
/*
 * A side that speaks versions 1 to 3, as this release does.
 */
#define SIDE			side_1_3
#define FREEHINT_VERSION_MIN	1
#define FREEHINT_VERSION	3
#include "tests/fakes/side_body.h"
