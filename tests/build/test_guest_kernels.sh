#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
#
# The module compiles without a warning for the oldest kernel that it supports, and for kernels
# whose spinlocks sleep: headers of the archive, which archive.sh fetches and nobody installs.
# Without the archive the test is skipped; what was fetched before is used without it.
# The archive has the last 5.10 only. So what the module takes from that kernel is compared with
# what 5.10.0 had (tests/golden/kernel_symbols.txt).

set -eu

cd "$(dirname "$0")/../.."
NOT_HERE=77
log=$(mktemp)
trap 'rm -f "$log"' EXIT
built=0

# build [OPTION VALUE] FLAVOUR
build()
{
	local status=0

	tests/kernel/archive.sh -H "$@" >"$log" 2>&1 || status=$?
	if [ $status = $NOT_HERE ]; then
		grep '^archive.sh: skipped' "$log" | sed 's/^archive.sh: //'
	elif [ $status != 0 ] || grep -q 'warning:' "$log"; then
		cat "$log"
		echo "the module does not build cleanly for $*"
		exit 1
	else
		echo "built for $*"
		built=$((built + 1))
	fi
}

# old_symbols - what the module that was built last wants, and 5.10.0 was not found to have
old_symbols()
{
	local module more

	module=$(tail -n 1 "$log")/freehint.ko
	more=$(nm -u "$module" | awk '{ print $2 }' | LC_ALL=C sort |
		LC_ALL=C comm -23 - <(grep -v '^#' tests/golden/kernel_symbols.txt))
	[ -z "$more" ] && return
	echo "the module uses what Linux 5.10.0 may not have:" $more
	echo "if it does, add the names to tests/golden/kernel_symbols.txt"
	exit 1
}

build -s bullseye cloud-amd64
[ $built = 0 ] || old_symbols
build -s bullseye rt-amd64
build 6.12-rt-amd64
[ $built -gt 0 ] || exit $NOT_HERE
