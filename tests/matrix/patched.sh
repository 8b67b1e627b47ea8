#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make qemu-patched: QEMUs with freehint built in and nothing that a shared object could use,
# neither modules nor plugins, of every series of which there is a source (build_qemu.sh).
# Runs tests on each, in the world in which it was built. Usage: patched.sh [SERIES...]

set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORLD=trixie
WORLDS=${FREEHINT_WORLDS:-$ROOT/build/worlds}
TESTS="vm/test_content vm/test_cancel_retry vm/test_refused vm/test_tool vm/test_postcopy"
NOT_HERE=77
skipped=0

in_world()
{
	"$ROOT/tests/matrix/world.sh" run "$WORLD" "$@"
}

# test_series SERIES - status 77: there is no source of it
test_series()
{
	local qemu

	qemu=$("$ROOT/tests/matrix/build_qemu.sh" "$1" patched) || return
	set -- env "FREEHINT_TEST_QEMU=$qemu" "FREEHINT_TEST_KERNEL=$WORLDS/$WORLD.kernel" \
		"TEST_LOGS=$(dirname "$qemu")/logs"
	in_world "$@" python3 tests/matrix/linked.py || return 1
	# shellcheck disable=SC2086 # names without blanks
	in_world "$@" tests/run.sh $TESTS || return 1
}

[ $# -gt 0 ] || set -- 10.0 10.2
"$ROOT/tests/matrix/world.sh" make "$WORLD" >/dev/null
for series in "$@"; do
	echo "QEMU $series with freehint built in:"
	status=0
	test_series "$series" || status=$?
	case $status in
	0) ;;
	"$NOT_HERE") skipped=$((skipped + 1)) ;;
	*) exit "$status" ;;
	esac
done
[ "$skipped" -lt $# ] || exit "$NOT_HERE"
