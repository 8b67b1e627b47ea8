#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds freehint.ko for any kernel beside the one in the source directory, or a
# mutant of it: usage kmod.sh KDIR TARGET.ko [MUTANT], where KDIR is what the
# kernel's headers are in and MUTANT names a patch in tests/mutants. KMOD_CC is the compiler
# in place of the one that the headers name.

set -eu

[ $# -ge 2 ] || { echo "usage: kmod.sh KDIR TARGET.ko [MUTANT]" >&2; exit 2; }
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
kdir=$(cd "$1" && pwd)
mkdir -p "$(dirname "$2")"
target=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
work=${target%.ko}.d
# Objects of one kernel are of no use to another: a copy of the sources each.
# --update leaves what is as new as ours alone, so that make does, too.
mkdir -p "$work"
cd "$ROOT"
if [ -n "${3:-}" ]; then
	tests/mutants/tree.sh "$3" "$work"
else
	find guest-kmod proto include \( -name '*.[ch]' -o -name Kbuild -o -name Makefile \) \
		! -name '*.mod.c' -exec cp --parents --preserve --update -t "$work" {} +
fi
env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u KDIR \
	make -s -C "$work/guest-kmod" KDIR="$kdir" ${KMOD_CC:+CC="$KMOD_CC"}
cp "$work/guest-kmod/freehint.ko" "$target"
