#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The shared layout on machines that are not here: every line of the golden layout
# becomes a static assertion, compiled for 32-bit and for other 64-bit targets. A
# big-endian machine has to be refused.

. "$(dirname "$0")/sources.sh"
need clang

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# types.h takes names of error numbers only; a cross target has no C library here.
echo '#include "/dev/null"' > "$work/errno.h"

{
	echo '#include "include/freehint/qmp_names.h"'
	echo '#include "include/freehint/shm_layout.h"'
	awk '
	/^struct/ {
		type = "struct " $2
		printf "static_assert(sizeof(%s) == %s, \"%s\");\n", type, $3, type
		next
	}
	/^\t/ {
		printf "static_assert(offsetof(%s, %s) == %s && ", type, $1, $2
		printf "sizeof(((%s *)0)->%s) == %s, \"%s.%s\");\n", type, $1, $3, type, $1
		next
	}
	{ printf "static_assert((%s) == %sULL, \"%s\");\n", $1, $2, $1 }
	' tests/golden/shm_layout.txt
} > "$work/layout.c"

compile()
{
	clang --target="$1" -ffreestanding -std=gnu11 -fsyntax-only -Wall -Wextra -Werror \
		-isystem "$work" -I. "$2"
}

grep -c static_assert "$work/layout.c"
for target in i686-linux-gnu x86_64-linux-gnu x86_64-linux-gnux32 aarch64-linux-gnu \
	      armv7-linux-gnueabihf riscv32 riscv64; do
	compile $target "$work/layout.c" || { echo "$target: layout differs"; exit 1; }
	echo "$target: same layout"
done

if compile s390x-linux-gnu "$work/layout.c" 2> "$work/big-endian"; then
	echo "a big-endian machine is not refused"
	exit 1
fi
grep -q 'little-endian machines only' "$work/big-endian" || { cat "$work/big-endian"; exit 1; }
echo "s390x-linux-gnu: refused"

# The assertions do bite: one wrong number has to be found.
sed 's/offsetof(struct freehint_guest_hello, end_pfn) == 24/& + 4/' "$work/layout.c" \
	> "$work/wrong.c"
if cmp -s "$work/layout.c" "$work/wrong.c" || compile i686-linux-gnu "$work/wrong.c" 2> /dev/null
then
	echo "a wrong offset is not noticed"
	exit 1
fi
