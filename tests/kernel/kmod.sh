#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds freehint.ko for any kernel beside the one in the source directory, or a
# mutant of it: usage kmod.sh KDIR TARGET.ko [MUTANT], where KDIR is what the
# kernel's headers are in and MUTANT names the rule that is broken, as always-dead
# does FREEHINT_MUTANT_ALWAYS_DEAD.

set -eu

[ $# -ge 2 ] || { echo "usage: kmod.sh KDIR TARGET.ko [MUTANT]" >&2; exit 2; }
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
kdir=$(cd "$1" && pwd)
mkdir -p "$(dirname "$2")"
target=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
work=${target%.ko}.d
flags=()
if [ -n "${3:-}" ]; then
	macro=${3//-/_}
	flags=("KCFLAGS=-DFREEHINT_MUTANT_${macro^^}")
fi

# Objects of one kernel are of no use to another: a copy of the sources each.
# --update leaves what is as new as ours alone, so that make does, too.
mkdir -p "$work"
cd "$ROOT"
find guest-kmod proto include \( -name '*.[ch]' -o -name Kbuild -o -name Makefile \) \
	! -name '*.mod.c' -exec cp --parents --preserve --update -t "$work" {} +
env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u KDIR \
	make -s -C "$work/guest-kmod" KDIR="$kdir" "${flags[@]}"
cp "$work/guest-kmod/freehint.ko" "$target"
