#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The report of a KVM host: it has the facts, the ends of the logs, tables and added files,
# also on a machine that lacks most programs, and no names of host, user or directories.

. "$(dirname "$0")/sources.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin" "$work/tree/tests/lib" "$work/out/test-logs" "$work/out/bench"
cp tests/report.sh "$work/tree/tests/"
cp tests/lib/host_kvm.py "$work/tree/tests/lib/"
printf '#!/bin/sh\n[ "$1" = -n ] && echo secretary || echo Linux 6.18\n' > "$work/bin/uname"
printf '#!/bin/sh\necho somebody\n' > "$work/bin/id"
chmod +x "$work/bin/uname" "$work/bin/id"

echo "on secretary somebody ran $work/tree/x and $work/home/y, secretarys stay" \
	> "$work/out/test-logs/vm-test_content.log"
{ head -c 300000 /dev/zero | tr '\0' x; echo; echo "the end"; } > "$work/out/test-logs/long.log"
echo "1,2" > "$work/out/bench/peers.csv"
echo "3 passed, 0 failed, 0 skipped" > "$work/check.log"

report()
{
	env -u SUDO_USER -u TEST_LOGS HOME="$work/home" OUT="$work/out" \
		PATH="$work/bin:$PATH" FREEHINT_TEST_QEMU=no-such-qemu \
		bash "$work/tree/tests/report.sh" "$@" > "$work/said" 2>&1
}

report "$work/check.log"
expect 0 $? "status"
tar -C "$work" -xzf "$work/out/freehint-report.tar.gz" || exit 1
home=$work/freehint-report
expect "on NAME NAME ran TREE/x and HOME/y, secretarys stay" \
	"$(cat "$home/logs/vm-test_content.log")" "names"
expect "the end" "$(tail -n 1 "$home/logs/long.log")" "end of a long log"
[ "$(stat -c %s "$home/logs/long.log")" -lt 300000 ] || { echo "a log is not cut"; exit 1; }
expect "1,2" "$(cat "$home/bench/peers.csv")" "table of a bench"
expect "3 passed, 0 failed, 0 skipped" "$(cat "$home/check.log")" "file that was added"
for fact in kernel QEMU KVM processor memory "parameters of kvm" doctor; do
	grep -qx "== $fact" "$home/machine.txt" || { echo "no fact: $fact"; exit 1; }
done
! grep -rqE "secretary\>|somebody|$work" "$home" || { echo "a name is left"; exit 1; }
grep -q 'freehint-report.tar.gz: look through it' "$work/said" || { cat "$work/said"; exit 1; }

report "$work/nothing"
expect 1 $? "status for a file that does not exist"
