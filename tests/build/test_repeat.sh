#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The repeater: how it counts, when it stops, where it goes on, and that its load ends
# with it, over a made-up suite.

. "$(dirname "$0")/sources.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tests"
cp tests/repeat.sh "$work/tests/"
unset TEST_LOGS
export FAKE=$work

# The suite: fails in the runs that are named in the file "red", hangs in those in "hang".
cat > "$work/tests/run.sh" <<'END'
#!/bin/bash
echo "run" >> "$FAKE/runs"
count=$(wc -l < "$FAKE/runs")
printf '%s\n' "$@" > "$FAKE/arguments"
ps -o pid= --ppid "$PPID" | grep -vw $$ > "$FAKE/load"
if grep -qsx "$count" "$FAKE/hang"; then
	trap 'echo interrupted; exit 130' TERM
	touch "$FAKE/hanging"
	while :; do sleep 0.1; done
fi
if grep -qsx "$count" "$FAKE/red"; then
	echo "FAIL  kvm/test_x (status 1, log build/x.log)"
	echo "3 passed, 1 failed, 0 skipped"
	exit 1
fi
echo "4 passed, 0 failed, 0 skipped"
END
chmod +x "$work/tests/run.sh"

# begin RED HANG - forget all runs; the runs that are to fail and to hang
begin()
{
	rm -f "$work/runs" "$work/hanging"
	printf '%s\n' "$1" > "$work/red"
	printf '%s\n' "$2" > "$work/hang"
}

repeat()
{
	out=$("$work/tests/repeat.sh" "$@" 2>&1)
	status=$?
}

# What the last run has seen beside it is there no more.
expect_no_load()
{
	local pid

	while read -r pid; do
		[ ! -d "/proc/$pid" ] || { echo "$1: process $pid goes on"; exit 1; }
	done < "$work/load"
	expect "" "$(find "$work/build/repeat" -name 'load.*')" "$1: files of the load"
}

begin "" ""
repeat -n 3 -b 1 -w 1 -- -k 'a b' vm
expect 0 "$status" "status of three green runs"
expect "3 of 3 green" "$(tail -n 1 <<< "$out")" "last line"
expect 3 "$(grep -c '^run . of 3: green, [0-9]* s: 4 passed, 0 failed, 0 skipped$' \
	<<< "$out")" "a line for each run"
expect "-k|a b|vm" "$(paste -sd '|' "$work/arguments")" "arguments of the suite"
expect "4 passed, 0 failed, 0 skipped" "$(cat "$work/build/repeat/2/run.log")" "log of a run"
expect 2 "$(wc -l < "$work/load")" "a loop and a writer beside the run"
expect_no_load "after green runs"

begin 2 ""
repeat -n 4 -b 1 -w 0 -- -k 'a b'
expect 1 "$status" "status after a red run"
expect "1 of 4 green" "$(tail -n 1 <<< "$out")" "stopped at the red run"
expect 2 "$(wc -l < "$work/runs")" "runs until the red one"
grep -q '^run 2 of 4: RED, .*: 3 passed, 1 failed' <<< "$out" || { echo "no RED: $out"; exit 1; }
grep -q '^      FAIL  kvm/test_x ' <<< "$out" || { echo "no word of the test: $out"; exit 1; }
expect_no_load "after a red run"
repeat -r
expect 1 "$status" "status of the rest, one run was red"
expect "3 of 4 green" "$(tail -n 1 <<< "$out")" "resumed after the red run"
expect 4 "$(wc -l < "$work/runs")" "runs in all"
expect "-k|a b" "$(paste -sd '|' "$work/arguments")" "arguments of the resumed suite"

begin 1 ""
repeat -n 3 -b 0 -w 0 -c
expect 1 "$status" "status with -c"
expect "2 of 3 green" "$(tail -n 1 <<< "$out")" "went on after a red run"

begin "" 2
"$work/tests/repeat.sh" -n 2 > "$work/out" 2>&1 &
pid=$!
while [ ! -e "$work/hanging" ]; do
	kill -0 "$pid" || { cat "$work/out"; echo "ended before its second run"; exit 1; }
	sleep 0.1
done
expect 3 "$(wc -l < "$work/load")" "load by default"
repeat -n 1
expect 2 "$status" "a second one in the same tree"
kill -TERM "$pid"
wait "$pid"
expect 130 $? "status of an interrupted one"
expect_no_load "after an interruption"
repeat -r
expect 0 "$status" "status of the rest"
expect "2 of 2 green" "$(tail -n 1 <<< "$out")" "the interrupted run was run again"

repeat -n many
expect 2 "$status" "a number that is none"
