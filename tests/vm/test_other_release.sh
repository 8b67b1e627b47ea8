#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# time limit: 1500 s
#
# The part of `make check-matrix` that every commit has to pass: the next release of Debian,
# its QEMU and guest kernel, and migrations from this machine's QEMU to that one and back.

set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORLDS=${FREEHINT_WORLDS:-$ROOT/build/worlds}
WORLD=trixie
MATRIX=$ROOT/tests/matrix
SKIP=77

skip()
{
	echo "skipped: $1"
	exit $SKIP
}

# Can this machine have other releases in directories?
may_make_worlds()
{
	[ "$(id -u)" = 0 ] || skip "other releases take root"
	command -v mmdebstrap >/dev/null || skip "no mmdebstrap; run tests/deps.sh check"
	unshare --mount true 2>/dev/null || skip "no mounts of its own here"
	grep -q "VERSION_CODENAME=$WORLD" /etc/os-release && skip "this is $WORLD itself"
	return 0
}

[ -z "${FREEHINT_TEST_ARCH:-}" ] || skip "the other release's QEMU is for amd64 guests"
# Where ACCEL=kvm stands for a KVM that interprets kernel mode (tests/lib/accel.py).
if [ -n "${ACCEL:-}" ] && ! python3 "$ROOT/tests/lib/accel.py" distribution; then
	skip "ACCEL=$ACCEL: no KVM here runs another release's kernel"
fi
may_make_worlds
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$MATRIX/world.sh" make "$WORLD" >"$log" 2>&1; then
	cat "$log"
	[ -d "$WORLDS/$WORLD" ] && exit 1
	skip "$WORLD could not be had from the archive"
fi

"$MATRIX/world.sh" run "$WORLD" env "FREEHINT_TEST_KERNEL=$WORLDS/$WORLD.kernel" \
	"TEST_LOGS=$WORLDS/$WORLD.logs" tests/run.sh vm/test_content vm/test_cancel_retry
python3 "$MATRIX/cross.py" here "$WORLD"
python3 "$MATRIX/cross.py" "$WORLD" here
