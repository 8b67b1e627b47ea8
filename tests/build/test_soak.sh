#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The soak: what it counts from the logs of its steps, that it goes on where it was
# stopped, and that a step that failed or did nothing is not taken for done.

. "$(dirname "$0")/sources.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tests/fuzz"
cp tests/soak.py "$work/tests/"
printf 'list:\n\t@echo fuzz_x\n' > "$work/tests/fuzz/Makefile"
export FAKE=$work
unset MAKEFLAGS

# The suite: writes the logs that the file of the same name in $FAKE holds.
cat > "$work/tests/run.sh" <<'END'
#!/bin/bash
echo "$* ${FREEHINT_SOAK:-} ${FUZZ_TIME:-}" >> "$FAKE/steps"
[ ! -e "$FAKE/red" ] || exit 1
cat "$FAKE/log" > "$TEST_LOGS/a.log"
END
chmod +x "$work/tests/run.sh"

soak()
{
	out=$(python3 "$work/tests/soak.py" "$@" 2>&1)
	status=$?
}

cat > "$work/log" <<'END'
[  1.0] agent: 9 migrations, 9 rounds (9 sealed, 9 with hints), 9 pages hinted
[ 60.6] all: 10 migrations, 60000 rounds (6 sealed), 500 pages hinted, 77 compared, 0 differ
[ 69.6] no-arm: 2 migrations, 70 rounds (70 sealed, 68 with hints), 61 pages hinted, 1 skipped
END
soak kvm
expect 0 "$status" "status of a soak that reached its goal"
expect 2 "$(wc -l < "$work/steps")" "steps"
grep -q '^kvm: 120000 of 100000 rounds$' <<< "$out" || { echo "wrong sum: $out"; exit 1; }
grep -q '20 migrations.* 154 pages compared, 0 pages that differ' <<< "$out" ||
	{ echo "wrong numbers: $out"; exit 1; }
soak kvm
expect 2 "$(wc -l < "$work/steps")" "steps after the goal was reached"

# Ten steps, a failure, and on again.
printf '[  1.0] switched\n[  2.0] slow: 50 free pages touched\n%.0s' {1..60} > "$work/log"
: > "$work/steps"
touch "$work/red"
soak postcopy
expect 1 "$status" "status of a step that failed"
grep -q 'a step failed, .*build/soak/postcopy-1$' <<< "$out" || { echo "no log: $out"; exit 1; }
rm "$work/red"
soak postcopy --minutes 0
soak --list postcopy
expect "postcopy: 0 of 200 switches" "$out" "after a failure and no time"
soak postcopy
expect 5 "$(wc -l < "$work/steps")" "one red step and four green ones"

# Coverage is not summed, seconds are those of the step.
echo "fuzz_x: 100 runs, cov: 33" > "$work/log"
soak fuzz
expect 0 "$status" "status of the fuzzing"
soak --list fuzz
grep -q ' 3000 fuzz_x inputs, 33 fuzz_x edges' <<< "$out" || { echo "inputs: $out"; exit 1; }

# A step whose logs hold nothing would be repeated for ever.
echo "nothing" > "$work/log"
soak linux
expect 1 "$status" "status of a step that did nothing"
soak --reset kvm
soak --list kvm
expect "kvm: 0 of 100000 rounds" "$out" "forgotten"
soak nonsense
expect 2 "$status" "status for a part that does not exist"
expect 2 "$(soak kvm --at-once 0; echo "$status")" "status for no step at a time"

# Three at a time: all run together, each with logs of its own, and none more than the goal needs.
cat > "$work/tests/run.sh" <<'END'
#!/bin/bash
echo "$TEST_LOGS" >> "$FAKE/steps"
for _ in {1..600}; do
	[ "$(wc -l < "$FAKE/steps")" -ge "$(cat "$FAKE/together")" ] && break
	sleep 0.1
done
cat "$FAKE/log" > "$TEST_LOGS/a.log"
END
echo "[ 60.6] all: 10 migrations, 40000 rounds (6 sealed), 500 pages hinted" > "$work/log"
: > "$work/steps"
echo 3 > "$work/together"
soak kvm --at-once 3
expect 0 "$status" "status of three steps at a time"
grep -q '^kvm: 120000 of 100000 rounds$' <<< "$out" || { echo "wrong sum: $out"; exit 1; }
expect 3 "$(sort -u "$work/steps" | wc -l)" "directories of logs"
: > "$work/steps"
soak --reset models
echo 1 > "$work/together"
soak models --at-once 3
expect 1 "$(wc -l < "$work/steps")" "steps of a part with one step"
