#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Takes what fuzzing has found into tests/fuzz/corpus: of the inputs kept there and
# those in build/fuzz/corpus, the smallest that together reach all that is reached.
# Inputs written by hand (names with a dot) stay. Usage: tests/fuzz/keep.sh [TARGET...]

. "$(dirname "$0")/lib.sh"
need_libfuzzer

keep()
{
	local target=$1 merged file name

	merged=$(mktemp -d)
	# Edges only: counters would keep hundreds of inputs.
	"$FUZZ/$target" -set_cover_merge=1 -use_counters=0 -max_len=1024 "$merged" \
		"$CORPUS/$target" "$FUZZ/corpus/$target" > "$FUZZ/$target.log" 2>&1 || return 1
	mkdir -p "$CORPUS/$target"
	find "$CORPUS/$target" -type f ! -name '*.*' -delete
	for file in "$merged"/*; do
		name=$(basename "$file")
		cp "$file" "$CORPUS/$target/${name:0:12}"
	done
	# What was written by hand is there already, under its own name.
	for file in "$CORPUS/$target"/*.*; do
		[ -f "$file" ] && name=$(sha1sum < "$file") &&
			rm -f "$CORPUS/$target/${name:0:12}"
	done
	rm -rf "$merged"
	echo "$target: $(find "$CORPUS/$target" -type f | wc -l) inputs"
}

make -s -C tests/fuzz -j "$FUZZ_JOBS" fuzzers || exit 1
mapfile -t targets < <(printf '%s\n' "$@" | grep . || fuzz_targets)
for target in "${targets[@]}"; do
	keep "$target" || { tail "$FUZZ/$target.log"; exit 1; }
done
