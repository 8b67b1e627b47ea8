// SPDX-License-Identifier: GPL-2.0
/*
 * A side that speaks versions 2 to 2: one that has left the first version behind.
 */
#define SIDE			side_2_2
#define FREEHINT_VERSION_MIN	2
#define FREEHINT_VERSION	2
#include "tests/fakes/side_body.h"
