// SPDX-License-Identifier: GPL-2.0
/*
 * A side that speaks versions 2 to 3: versions 2 and 3.
 */
#define SIDE			side_2_3
#define FREEHINT_VERSION_MIN	2
#define FREEHINT_VERSION	3
#include "tests/fakes/side_body.h"
