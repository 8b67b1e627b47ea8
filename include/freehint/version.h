/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The release number that every part of freehint prints.
 */
#ifndef FREEHINT_VERSION_H
#define FREEHINT_VERSION_H

#define FREEHINT_RELEASE "0.1.0"

#endif /* FREEHINT_VERSION_H */
