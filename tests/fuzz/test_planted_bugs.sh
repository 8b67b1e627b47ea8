#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A fuzz target that finds nothing may be one that sees nothing: with each bug of
# planted_bugs.txt in the source, its target must crash within a number of runs.
# Neither the seed nor the number of runs depends on how fast the machine is.
# time limit: 900 s

. "$(dirname "$0")/lib.sh"
need_libfuzzer

RUNS=100000
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# A tree of its own for each bug, so that every path in it stays what it is. It begins with the
# objects of the whole source: only what the bug is in is compiled again.
plant()
{
	local tree=$1 target=$2 file=$3 change=$4

	mkdir -p "$tree/tests" "$tree/build/fuzz/obj"
	cp -a include proto host-agent "$tree"
	cp -a tests/fakes tests/fuzz "$tree/tests"
	cp -a "$FUZZ/obj/$target" "$tree/build/fuzz/obj"
	sed -i "$change" "$tree/$file"
	cmp -s "$file" "$tree/$file" || return 0
	echo "$change changes nothing in $file"
	return 1
}

hunt()
{
	local name target file change tree log runs

	IFS=$'\t' read -r name target file change <<< "$1"
	tree=$WORK/$name
	log=$tree/log
	plant "$tree" "$target" "$file" "$change" || return 1
	if ! make -s -C "$tree/tests/fuzz" "$tree/build/fuzz/$target" > "$WORK/$name.log" 2>&1; then
		cat "$WORK/$name.log"
		echo "$name does not build"
		return 1
	fi
	mkdir "$tree/found"
	if "$tree/build/fuzz/$target" -seed=1 -runs=$RUNS -artifact_prefix="$tree/" \
	   "$tree/found" "$CORPUS/$target" > "$log" 2>&1; then
		echo "$name: $target does not notice"
		return 1
	fi
	if ! grep -qE ': broken: |ERROR: AddressSanitizer: [a-z]*-|runtime error' "$log"; then
		tail -n 30 "$log"
		echo "$name: $target ended for another reason"
		return 1
	fi
	# Less than one means: an input that is kept finds it.
	runs=$(grep -oE '^#[0-9]+' "$log" | tail -n 1)
	echo "$name: $target crashes after ${runs:-less than one} runs, as it must"
	rm -rf "$tree"
}

build_targets fuzzers || exit 1
export -f plant hunt
export WORK RUNS
grep -v '^#' tests/fuzz/planted_bugs.txt |
	xargs -P "$FUZZ_JOBS" -d '\n' -I{} bash -c 'hunt "$1"' hunt {}
