#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# time limit: 300 s
#
# freehint-agent@.service under a systemd of its own: an agent whose QEMU is gone ends
# well and stays away, also with Restart=always if no QEMU ever came; what a restart does not
# heal is not restarted, and the rest not for ever. What the unit is ordered before, and what
# the drop-in that separates tenants makes of its directory, is what systemd says of the whole
# unit. The user manager runs in name spaces and below one control group, with nothing but our
# unit; the unit's confinement is test_install's.

set -eu

cd "$(dirname "$0")/../.."
TREE=$PWD
AGENT=$TREE/build/freehint-agent
MANAGER=/lib/systemd/systemd
GROUP=freehint-test-$$

skip()
{
	echo "$1"
	exit 77
}

[ -x "$AGENT" ] || skip "build/freehint-agent was not built"
[ -x "$MANAGER" ] || skip "systemd is missing: install systemd"
[ "$(id -u)" = 0 ] || skip "only root may make name spaces and control groups"

WORK=$(mktemp -d)
MONITOR=
remove_all()
{
	# shellcheck disable=SC2086
	[ -z "$MONITOR" ] || kill $MONITOR 2>/dev/null || true
	find /sys/fs/cgroup -depth -type d -path "*/$GROUP*" -exec rmdir {} \; 2>/dev/null ||
		true
	rm -rf "$WORK"
}
trap remove_all EXIT

# One directory of units is all that this systemd knows.
make_units()
{
	local target

	mkdir -p "$WORK/units"
	for target in basic sysinit shutdown default; do
		printf '[Unit]\nDefaultDependencies=no\n' >"$WORK/units/$target.target"
	done
	# User= and what follows it needs a systemd that is process 1.
	sed -e "s,@SBINDIR@,$TREE/build," -e '/^# The user/,/^UMask=/d' -e '/^RestartSec=/d' \
		-e '/^Restart=/a RestartSec=10ms' host-agent/packaging/freehint-agent@.service \
		>"$WORK/units/freehint-agent@.service"
	# Only to be looked at: as it is, and with the drop-in of docs/operations.md.
	sed -e "s,@SBINDIR@,$TREE/build," -e 's,@QEMU_USER@,nobody,' \
		host-agent/packaging/freehint-agent@.service >"$WORK/units/whole@.service"
	mkdir "$WORK/units/whole@tenant.service.d"
	sed -n '/^## Separate tenants/,/^## Proxmox/s/^ \{6\}//p' docs/operations.md \
		>"$WORK/units/whole@tenant.service.d/tenant.conf"
}

# change INSTANCE LINE... - lines for [Service] of one instance
change()
{
	local dir=$WORK/units/freehint-agent@$1.service.d

	shift
	mkdir -p "$dir"
	printf '%s\n' '[Service]' "$@" >"$dir/test.conf"
}

# QEMU's monitor as far as the agent needs it, until somebody has spoken QMP with it.
make_monitor()
{
	cat >"$WORK/monitor.py" <<'PYTHON'
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.bind(sys.argv[1])
    server.listen(1)
    client = server.accept()[0]
    client.sendall(b'{"QMP": {}}\n')
    asked = json.loads(client.recv(4096))
    client.sendall(b'{"return": {}, "id": %d}\n' % asked["id"])
    client.recv(4096)
    os.unlink(sys.argv[1])
PYTHON
	python3 "$WORK/monitor.py" "$WORK/moved.qmp" &
	MONITOR=$!
	python3 "$WORK/monitor.py" "$WORK/an \$odd \"name\".qmp" &
	MONITOR="$MONITOR $!"
	# an agent that finds nothing there gives up after a second
	until [ -S "$WORK/moved.qmp" ] && [ -S "$WORK/an \$odd \"name\".qmp" ]; do
		# shellcheck disable=SC2086
		kill -0 $MONITOR || { echo "a monitor has ended"; exit 1; }
		sleep 0.1
	done
}

# Somebody who listens there and is no QEMU.
make_stranger()
{
	python3 -c 'import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(9)
while True:
    client = server.accept()[0]
    client.sendall(b"220 welcome\r\n")
    client.close()' "$WORK/stranger.qmp" &
	MONITOR="$MONITOR $!"
	until [ -S "$WORK/stranger.qmp" ]; do
		sleep 0.1
	done
}

make_units
make_monitor
make_stranger
change moved "Environment=GIVE_UP=1 QMP=$WORK/moved.qmp SHM=$WORK/moved"
change never "Environment=GIVE_UP=1 QMP=$WORK/never.qmp SHM=$WORK/never"
change always "Environment=GIVE_UP=1 QMP=$WORK/never.qmp SHM=$WORK/never" Restart=always
change stranger "Environment=GIVE_UP=1 QMP=$WORK/stranger.qmp SHM=$WORK/never"
change usage Environment=GIVE_UP=soon
change missing ExecStart= ExecStart=/nonexistent/agent
change isolation ExecStart= "ExecStart=$AGENT --qmp q --shm f --user no-such-user"
change crash ExecStart= "ExecStart=/bin/sh -c 'kill -KILL \$\$\$\$'"
change system ExecStart= "ExecStart=/bin/sh -c 'exit 4'"

cat >"$WORK/inside" <<'EOT'
set -eu
for tasks in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
	[ -e "$tasks/cgroup.procs" ] || continue
	mkdir "$tasks/$GROUP" && echo 0 >"$tasks/$GROUP/cgroup.procs" || exit 77
done
mount --make-rprivate / && mount -t tmpfs none /run || exit 77
export XDG_RUNTIME_DIR=/run/user SYSTEMD_UNIT_PATH=$WORK/units HOME=/run/user
mkdir -p /run/systemd/system $XDG_RUNTIME_DIR
chmod 700 $XDG_RUNTIME_DIR
"$MANAGER" --user --unit=basic.target --log-level=info --log-target=console \
	>"$WORK/manager" 2>&1 &
for try in $(seq 300); do
	systemctl --user is-active -q basic.target 2>/dev/null && break
	kill -0 $! 2>/dev/null || { cat "$WORK/manager"; exit 77; }
	sleep 0.1
done

# ends INSTANCE STATE RESULT STATUS RESTARTS
ends()
{
	local expected="Result=$3 NRestarts=$5 ExecMainStatus=$4 ActiveState=$2" now try

	systemctl --user start "freehint-agent@$1" 2>/dev/null || true
	# Before its first start a unit looks like one that ended well.
	[ "$(systemctl --user show "freehint-agent@$1" --value \
		-p ExecMainStartTimestampMonotonic)" != 0 ] || { echo "$1: no start"; exit 1; }
	for try in $(seq 300); do
		now=$(systemctl --user show "freehint-agent@$1" \
			-p NRestarts -p Result -p ExecMainStatus -p ActiveState | tr '\n' ' ')
		[ "$now" = "$expected " ] && { echo "$1: $now"; return; }
		sleep 0.1
	done
	cat "$WORK/manager"
	echo "$1: $now, expected $expected"
	exit 1
}

# has INSTANCE PROPERTY WORD... - these words are in a property of the whole unit
has()
{
	local instance=$1 property=$2 now word

	shift 2
	now=$(systemctl --user show "whole@$instance" -p "$property" --value)
	for word in "$@"; do
		[[ " $now " = *" $word "* ]] || { echo "$property of $instance: $now"; exit 1; }
	done
}

has vm1 Before virt-guest-shutdown.target libvirt-guests.service pacemaker.service
[ "$(systemctl --user show whole@vm1 -p RuntimeDirectory --value)" = freehint-metrics ] ||
	{ echo "agents share no directory"; exit 1; }
has tenant User tenant1
[ "$(systemctl --user show whole@tenant -p RuntimeDirectory --value)" = freehint-tenant1 ] ||
	{ echo "an agent of another user would take the directory of all"; exit 1; }

ends usage failed exit-code 1 0
ends missing failed exit-code 203 0
ends isolation failed exit-code 3 0
# systemd forgets a unit that has not failed, and its status
ends never inactive success 0 0
ends always inactive success 0 0
ends stranger failed exit-code 8 0
ends moved inactive success 0 0

# As freehint-follow has it, for a name that is not its own instance: nothing is loaded anew.
odd='an\x20odd\x20name'
mkdir "$WORK/units/freehint-agent@$odd.service.d"
printf '[Service]\nEnvironment="QMP=%s"\nEnvironment=GIVE_UP=1\n' \
	"$WORK/an \$odd \\\"name\\\".qmp" >"$WORK/units/freehint-agent@$odd.service.d/domain.conf"
ends "$odd" inactive success 0 0
ends system failed exit-code 4 10
ends crash failed signal 9 10
EOT

export WORK AGENT MANAGER GROUP
status=0
unshare --pid --fork --mount --mount-proc bash "$WORK/inside" || status=$?
[ $status != 77 ] || skip "systemd does not run in name spaces here"
exit $status
