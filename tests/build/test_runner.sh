#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The runner itself: what it counts, prints and returns, over made-up tests.

. "$(dirname "$0")/sources.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tests/kvm" "$work/tests/vm"
cp tests/run.sh "$work/tests/"
printf 'list-unit:\n' > "$work/tests/Makefile"
echo 'echo fine' > "$work/tests/kvm/test_pass.sh"
echo 'echo what went wrong; exit 3' > "$work/tests/kvm/test_fail.sh"
echo 'echo "skipped: no such device"; exit 77' > "$work/tests/kvm/test_skip.sh"
printf 'echo "skipped: the other half"\necho more\n' > "$work/tests/kvm/test_half.sh"
echo 'import time; time.sleep(60)' > "$work/tests/vm/test_hang.py"
unset TEST_TIMEOUT TEST_LOGS JOBS MAKEFLAGS ACCEL

out=$("$work/tests/run.sh" kvm)
expect 1 $? "status with a failure"
expect "2 passed, 1 failed, 1 skipped" "$(tail -n 1 <<< "$out")" "last line"
grep -q '^FAIL  kvm/test_fail (status 3' <<< "$out" || { echo "no FAIL line: $out"; exit 1; }
grep -q 'what went wrong' <<< "$out" || { echo "no tail of the log"; exit 1; }
grep -q '^skip  kvm/test_skip: skipped: no such device' <<< "$out" ||
	{ echo "no reason for the skip"; exit 1; }
grep -q 'skipped: the other half' <<< "$out" || { echo "half a skip is silent"; exit 1; }
expect "fine" "$(cat "$work/build/test-logs/kvm-test_pass.log")" "log"
expect "slowest:" "$(tail -n 8 <<< "$out" | head -n 1)" "heading of the slowest"
expect 4 "$(tail -n 7 <<< "$out" | grep -cE '^ +[0-9]+ s  kvm/test_[a-z]+$')" "the slowest"
expect "failed: kvm/test_fail: what went wrong" \
	"$(tail -n 3 <<< "$out" | head -n 2 | xargs)" "the failed once more"

out=$("$work/tests/run.sh" 'kvm/test_[ps]*')
expect 0 $? "status without a failure"
expect "1 passed, 0 failed, 1 skipped" "$(tail -n 1 <<< "$out")" "chosen by pattern"

out=$(TEST_TIMEOUT=1 "$work/tests/run.sh" vm)
expect 1 $? "status of a test that hangs"
expect "0 passed, 1 failed, 0 skipped" "$(tail -n 1 <<< "$out")" "a test that hangs"

expect "2 passed, 1 failed, 1 skipped" \
	"$("$work/tests/run.sh" -j 4 -k kvm | tail -n 1)" "in parallel"

# Of many tests ten are named, and the one that took its time is the first.
mkdir "$work/tests/model"
for number in 1 2 3 4 5 6 7 8 9 10 11; do
	echo true > "$work/tests/model/test_$number.sh"
done
echo 'sleep 2' > "$work/tests/model/test_7.sh"
out=$("$work/tests/run.sh" model | grep -A 20 '^slowest:$')
expect 12 "$(wc -l <<< "$out")" "ten are named, with a heading and the last line"
expect "model/test_7" "$(sed -n '2s/.* s  //p' <<< "$out")" "the slowest of all"

# What takes long begins first in its group; the groups stay in their order.
mkdir "$work/tests/build"
touch "$work/tests/build/test_a.sh" "$work/tests/build/test_mutants.sh" \
	"$work/tests/model/test_round_model.sh"
expect "build/test_mutants build/test_a model/test_round_model model/test_1" \
	"$("$work/tests/run.sh" -l build model | head -n 4 | tr '\n' ' ' | sed 's/ $//')" "order"
rm -r "$work/tests/build"

# A run that is ended lets its tests clean up, also where the second signal of timeout(1), to
# the test's group, comes late.
cat > "$work/tests/kvm/test_cleanup.py" <<END
import os, signal, sys, time
sys.path.insert(0, "$PWD/tests")
from lib.result import run

def test():
	try:
		open("$work/started", "w").close()
		time.sleep(60)
	finally:
		os.kill(os.getpid(), signal.SIGTERM)
		open("$work/cleaned", "w").close()

run(test)
END
"$work/tests/run.sh" kvm/test_cleanup > /dev/null &
until [ -e "$work/started" ]; do sleep 0.1; done
kill $!
wait $!
expect 130 $? "status of a run that was ended"
[ -e "$work/cleaned" ] || { echo "a test could not clean up"; exit 1; }

# What stands against ACCEL ends the run; else it says by how much guests are slower.
mkdir "$work/tests/lib"
echo 'print(5)' > "$work/tests/lib/accel.py"
echo "tr '\\0' ' ' < /proc/\$PPID/cmdline" > "$work/tests/vm/test_limit.sh"
cp "$work/tests/vm/test_limit.sh" "$work/tests/kvm/test_limit.sh"
limit_is()
{
	ACCEL=$2 "$work/tests/run.sh" "$1/test_limit" > /dev/null
	expect "timeout -k 10 $3" \
		"$(cut -d ' ' -f 1-4 "$work/build/test-logs/$1-test_limit.log")" \
		"time limit of $1 with ACCEL=$2"
}
limit_is vm "" 1800
limit_is vm kvm 9000
limit_is kvm kvm 900
echo 'raise SystemExit("no such accelerator")' > "$work/tests/lib/accel.py"
out=$(ACCEL=foo "$work/tests/run.sh" kvm/test_pass 2>&1)
expect 2 $? "status with an accelerator that cannot be had"
expect "no such accelerator" "$out" "nothing is run"

"$work/tests/run.sh" nothing > /dev/null 2>&1
expect 2 $? "status for a test that does not exist"
