#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Targets look for new inputs for FUZZ_TIME seconds, beginning with those that are kept: all
# when FUZZ_TIME is given, otherwise four seconds and a third of them, by the dice of the run.
# What a target finds interesting goes to build/fuzz/corpus, what breaks it to
# build/fuzz/crashes; no time is asserted.
# time limit: 900 s

every=3
[ -n "${FUZZ_TIME:-}" ] && every=1

. "$(dirname "$0")/lib.sh"
need_libfuzzer

fuzz_one()
{
	local target=$1 found=$FUZZ/corpus/$1 log=$FUZZ/$1.log status dict=()

	mkdir -p "$found"
	[ -f "tests/fuzz/$target.dict" ] && dict=("-dict=tests/fuzz/$target.dict")
	"$FUZZ/$target" -max_total_time="$FUZZ_TIME" -timeout=25 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$FUZZ/crashes/$target-" "${dict[@]}" \
		"$found" "$CORPUS/$target" > "$log" 2>&1
	status=$?
	echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs," \
		"$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)"
	[ $status -eq 0 ] && return
	grep -v '^#' "$log" | tail -n 50
	echo "$target: crashed; the input is kept:"
	ls "$FUZZ/crashes/$target-"* 2> /dev/null
	return 1
}

build_targets fuzzers || exit 1
export FREEHINT_RUN=${FREEHINT_RUN:-$RANDOM}
echo "FREEHINT_RUN=$FREEHINT_RUN"
mkdir -p "$FUZZ/crashes"
export -f fuzz_one
fuzz_targets | awk -v run="$FREEHINT_RUN" -v every=$every '(NR + run) % every == 0' |
	xargs -P "$FUZZ_JOBS" -I{} bash -c 'fuzz_one {}'
