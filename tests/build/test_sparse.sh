#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sparse over proto/, which the kernel module shares with user space. The module
# itself is checked with `make C=2` against kernel headers.

. "$(dirname "$0")/sources.sh"
need sparse

out=$(mktemp)
trap 'rm -f "$out"' EXIT
for file in proto/*.c; do
	sparse -std=gnu11 -Wsparse-all -Wno-declaration-after-statement -I. "$file" \
		2>&1 | grep -E '^(proto|include)/' >> "$out"
done
cat "$out"
[ ! -s "$out" ]
