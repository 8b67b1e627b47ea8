#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# freehint-follow: agents start and stop with their virtual machines, whatever these are
# called. freehint-moved.service: what is left of them goes. systemctl is one of our own that
# writes down what it is told; the directories of /run are our own, too.

set -u

. "$(dirname "$0")/sources.sh"
need systemd-escape
[ -x build/freehint ] || { echo "build/freehint was not built"; exit 77; }

WORK=$(mktemp -d)
LISTENER=
remove_all()
{
	[ -z "$LISTENER" ] || kill "$LISTENER" 2>/dev/null
	rm -rf "$WORK"
}
trap remove_all EXIT

mkdir "$WORK/bin" "$WORK/run"
QEMU=$(id -un)
sed -e "s,@BINDIR@,$PWD/build," -e "s,=/run/,=$WORK/run/," -e "s,@QEMU_USER@,$QEMU," \
	-e "/etc.default/d" host-agent/packaging/freehint-follow >"$WORK/bin/freehint-follow"
cat >"$WORK/bin/systemctl" <<EOT
#!/bin/sh
printf '%s\n' "\$*" >>"$WORK/calls"
[ ! -e "$WORK/broken" ]
EOT
chmod +x "$WORK"/bin/*
export PATH=$WORK/bin:$PATH

# hook NAME OPERATION [XML] - as libvirt calls it
hook()
{
	local status=0

	: >"$WORK/calls"
	printf '%s' "${3:-$XML}" | freehint-follow domain "$1" "$2" >"$WORK/out" || status=$?
	expect 0 $status "status of $2"
	expect "" "$(cat "$WORK/out")" "what $2 prints, which libvirt would take for XML"
}

# calls START... - what systemctl was told, but for forgetting failures
calls()
{
	expect "$1" "$(grep -v '^reset-failed' "$WORK/calls")" "$2"
}

# domain NAME-IN-XML - a domain with freehint
domain()
{
	printf '<domain type="kvm"><name>%s</name><memory>1</memory><devices/></domain>' "$1" |
		build/freehint domain-xml
}

# settings_of QMP SHM - the drop-in with these paths
settings_of()
{
	printf '[Service]\nEnvironment="QMP=%s"\nEnvironment="SHM=%s"' "$1" "$2" |
		sed -e 's/[\\"]/\\&/g' -e 's/=\\"/="/' -e 's/\\"$/"/' -e 's/%/%%/g'
}

# follows NAME NAME-IN-XML INSTANCE - started, restarted, moved away
follows()
{
	local unit="freehint-agent@$3.service" settings

	settings="$WORK/run/systemd/system/$unit.d/domain.conf"
	XML=$(domain "$2")
	hook "$1" prepare
	calls "" "$1: prepare"
	[ -d "$WORK/run/freehint" ] || { echo "prepare made no directory"; exit 1; }
	for operation in migrate started reconnect; do
		hook "$1" $operation
		calls "--no-block start $unit" "$1: $operation"
		grep -qxF "reset-failed $unit" "$WORK/calls" || { echo "it stays failed"; exit 1; }
		expect "$(settings_of "/run/freehint/$1.qmp" "/dev/shm/freehint-$1")" \
			"$(cat "$settings")" "drop-in of $1"
	done
	hook "$1" stopped
	calls "" "$1: stopped"
	hook "$1" release
	calls "--no-block stop $unit" "$1: release"
	[ ! -e "${settings%/*}" ] || { echo "$1 left its drop-in behind"; exit 1; }
}

follows vm1 vm1 vm1
follows web-1.example web-1.example web-1.example
follows 'a b' 'a b' 'a\x20b'
follows 'x@y' 'x@y' 'x\x40y'
follows .hidden .hidden '\x2ehidden'
follows 'é' 'é' '\xc3\xa9'
follows '-n' '-n' '-n'
follows '$(id)`"&%h\' '$(id)`"&amp;%h\' "$(systemd-escape '$(id)`"&%h\')"

# An arm64 guest, and one that freehint would not be added to: what is in the XML counts.
for arch in aarch64 riscv64; do
	rm -rf "$WORK/run/freehint"
	XML=$(domain vm1 | sed "s,<devices>,<os><type arch='$arch'>hvm</type></os>&,")
	hook vm1 prepare
	[ -d "$WORK/run/freehint" ] || { echo "prepare of $arch made no directory"; exit 1; }
	hook vm1 started
	calls "--no-block start freehint-agent@vm1.service" "started, $arch"
	hook vm1 release
done

# A domain without freehint is none of our business, nor is XML that nobody understands.
for XML in '<domain type="kvm"><name>vm1</name><devices/></domain>' 'nonsense' ''; do
	for operation in prepare migrate started reconnect stopped release; do
		hook vm1 $operation
		calls "" "$operation of a domain without freehint"
	done
done

# A monitor of somebody else's there: QEMU does not start without the directory.
rm -rf "$WORK/run/freehint"
hook vm1 prepare '<domain type="kvm"><name>vm1</name><x>/run/freehint/x.qmp</x></domain>'
calls "" "prepare of a domain with a monitor of its own"
[ -d "$WORK/run/freehint" ] || { echo "prepare made no directory for a monitor"; exit 1; }

# QEMU's user need not have a group of its own name.
if [ "$(id -u)" = 0 ]; then
	sed 's/^QEMU_USER=.*/QEMU_USER=nobody/' "$WORK/bin/freehint-follow" >"$WORK/other"
	rm -rf "$WORK/run/freehint"
	domain vm1 | sh "$WORK/other" domain vm1 prepare
	expect "nobody $(id -gn nobody)" "$(stat -c '%U %G' "$WORK/run/freehint")" \
		"owner and group of the directory"
	rm -rf "$WORK/run/freehint"
fi

# One that lost freehint while it ran is released all the same.
hook vm1 started "$(domain vm1)"
hook vm1 release '<domain type="kvm"><name>vm1</name><devices/></domain>'
calls "--no-block stop freehint-agent@vm1.service" "release of a domain that lost freehint"

# Whatever systemd says: libvirt must start its domains.
touch "$WORK/broken"
hook vm1 started "$(domain vm1)"
hook vm1 release "$(domain vm1)"
rm "$WORK/broken"

# The hook itself. AppArmor lets it run programs of /usr/bin and none of /usr/lib, where
# freehint-follow is: without the right to run it the hook works all the same.
sed "s,@LIBDIR@,$WORK/lib," host-agent/packaging/libvirt-hook >"$WORK/hook"
mkdir -p "$WORK/lib/freehint"
install -m 644 "$WORK/bin/freehint-follow" "$WORK/lib/freehint/"
: >"$WORK/calls"
domain vm1 | sh "$WORK/hook" vm1 started begin - || { echo "the hook fails"; exit 1; }
calls "--no-block start freehint-agent@vm1.service" "the hook of a confined libvirtd"
domain vm1 | sh "$WORK/hook" vm1 release end - || { echo "the hook fails"; exit 1; }

# freehint was removed and the hook is left.
rm -r "${WORK:?}/lib"
sh "$WORK/hook" vm1 started begin - </dev/null || { echo "a hook that is left over fails"; exit 1; }

# Without libvirt.
cat >"$WORK/listen.py" <<'PYTHON'
import socket, sys, time
sockets = [socket.socket(socket.AF_UNIX) for path in sys.argv[1:]]
for sock, path in zip(sockets, sys.argv[1:]):
    sock.bind(path)
    sock.listen(1)
open(sys.argv[1] + ".up", "w").close()
time.sleep(600)
PYTHON
python3 "$WORK/listen.py" "$WORK/run/freehint/vm2.qmp" "$WORK/run/freehint/.a \$b.qmp" \
	"$WORK/run/freehint/other" &
LISTENER=$!
until [ -e "$WORK/run/freehint/vm2.qmp.up" ]; do
	kill -0 $LISTENER || exit 1
	sleep 0.1
done
# a file that a killed QEMU left behind
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' \
	"$WORK/run/freehint/dead.qmp"
: >"$WORK/calls"
freehint-follow scan || { echo "scan fails"; exit 1; }
calls '--no-block start freehint-agent@\x2ea\x20\x24b.service
--no-block start freehint-agent@vm2.service' "scan"
expect "# made by freehint-follow scan .a \$b
$(settings_of "$WORK/run/freehint/.a \$b.qmp" "/dev/shm/freehint-.a \$b")" \
	"$(cat "$WORK"/run/systemd/system/freehint-agent@*a*b.service.d/domain.conf)" "scan"
hook vm1 started "$(domain vm1)"
kill $LISTENER
wait $LISTENER 2>/dev/null
LISTENER=
: >"$WORK/calls"
freehint-follow scan
calls "" "scan after they ended"
expect freehint-agent@vm1.service.d "$(ls -A "$WORK/run/systemd/system")" "drop-ins that are left"

# What is left for Prometheus goes after as long as an agent would let it, and nothing else.
HEADER=host-agent/common/moved_metrics.h
SUFFIX=$(sed -n 's/^#define SCRAPED_METRICS_SUFFIX\t"\(.*\)"$/\1/p' $HEADER)
SECONDS_KEPT=$(sed -n 's/^#define SCRAPED_METRICS_SECONDS\t//p' $HEADER)
mkdir "$WORK/metrics" "$WORK/metrics/dir$SUFFIX"
for name in "vm1$SUFFIX" vm1.prom vm1.prom.moved "dir$SUFFIX/x$SUFFIX"; do
	touch -d "-$((SECONDS_KEPT + 5)) seconds" "$WORK/metrics/$name"
done
touch -d "-$((SECONDS_KEPT - 30)) seconds" "$WORK/metrics/vm2$SUFFIX"
set -f
COMMAND=$(sed -n "s,^ExecStart=\(.*\)/run/freehint-metrics ,\1$WORK/metrics ,p" \
	host-agent/packaging/freehint-moved.service)
# shellcheck disable=SC2086 # words are meant, as systemd splits them
$COMMAND || { echo "freehint-moved.service fails"; exit 1; }
expect "dir$SUFFIX vm1.prom vm1.prom.moved vm2$SUFFIX" \
	"$(find "$WORK/metrics" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | xargs)" \
	"what is left of guests that moved away"
grep -qxF "ConditionPathExistsGlob=/run/freehint-metrics/*$SUFFIX" \
	host-agent/packaging/freehint-moved.service || { echo "nobody looks for $SUFFIX"; exit 1; }
