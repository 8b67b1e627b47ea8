#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Checks the model of the hint round with spin, then that every planted bug, a
# safety rule taken out, is found.

set -eu

MODEL=$(cd "$(dirname "$0")" && pwd)/round.pml
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

command -v spin >/dev/null || { echo "spin is missing: install the package spin"; exit 77; }

# check [-DBUG_...] - run the verifier; its report goes to the file "report"
check()
{
	spin "$@" -a "$MODEL" >report
	${CC:-gcc} -O2 -DSAFETY -DCOLLAPSE -o pan pan.c
	./pan -m1000000 >report
	grep -q 'errors:' report || { cat report; echo "the verifier did not finish"; exit 1; }
	! grep -q 'max search depth too small' report || { echo "search was cut short"; exit 1; }
}

check
grep -q 'errors: 0' report || { cat report; echo "the rules do not hold in the model"; exit 1; }
echo "all rules: $(grep -o '[0-9]* states, stored' report), no error"

for bug in NO_ARM LOOK_EARLY NO_GATE NO_WAIT SAME_IDS; do
	check "-DBUG_$bug"
	if grep -q 'errors: 0' report; then
		cat report
		echo "planted bug $bug was not found"
		exit 1
	fi
	echo "planted bug $bug: found"
done
