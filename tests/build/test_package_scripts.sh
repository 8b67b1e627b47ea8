#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the packages' scripts tell systemd: an upgrade restarts the agents that run, a removal
# stops them, after what would start them again, and removes their files, and a system without
# systemd is told nothing. systemctl only writes down what it is told; `make check-debian-host`
# has a real one.

set -u

. "$(dirname "$0")/sources.sh"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$WORK/bin"
printf '#!/bin/sh\necho "$*" >>%s/calls\nexit 1\n' "$WORK" >"$WORK/bin/systemctl"
chmod +x "$WORK/bin/systemctl"
export PATH=$WORK/bin:$PATH

# below_work [FILE] - a script that touches nothing of this machine
below_work()
{
	sed "s,/run/,$WORK/run/,g" "$@"
}

# deb NAME ARGUMENT... - a script of the Debian package, as dpkg calls it
deb()
{
	local name=$1

	shift
	below_work "host-agent/packaging/debian/freehint.$name" >"$WORK/script"
	told "$@"
}

# rpm_script NAME NUMBER - one of the spec, with the number of packages that stay
rpm_script()
{
	sed -n "/^%$1\$/,/^\$/p" host-agent/packaging/freehint.spec |
		sed 1d | below_work >"$WORK/script"
	[ -s "$WORK/script" ] || { echo "the spec has no %$1"; exit 1; }
	told "$2"
}

# told ARGUMENT... - runs it; what systemctl was told, and the script's status
told()
{
	: >"$WORK/calls"
	sh "$WORK/script" "$@"
	status=$?
	calls=$(tr '\n' ',' <"$WORK/calls")
}

# says CALLS WHAT - that, and whatever systemd answers the package is installed
says()
{
	expect 0 $status "status: $2"
	expect "$1" "$calls" "$2"
}

RESTART="try-restart freehint-agent@*.service,"
STOP="stop freehint-agent@*.service freehint-moved.timer,reset-failed freehint-*,"
FOLLOW="freehint-follow.path freehint-follow.service,"

# Of the hook's, and of an agent's.
DROP_IN=$WORK/run/systemd/system/freehint-agent@vm1.service.d
METRICS=$WORK/run/freehint-metrics
leave_files()
{
	mkdir -p "$DROP_IN" "$METRICS" && touch "$DROP_IN/domain.conf" "$METRICS/vm1.prom"
}

# kept WHAT, gone WHAT - the files after that
kept()
{
	[ -e "$DROP_IN" ] && [ -e "$METRICS" ] && return
	echo "drop-ins or metrics are gone $1"
	exit 1
}

gone()
{
	[ ! -e "$DROP_IN" ] && [ ! -e "$METRICS" ] && return
	echo "drop-ins or metrics stay $1"
	exit 1
}

leave_files
deb postinst configure 0.0.1
says "daemon-reload,$RESTART" "upgrade"
deb prerm upgrade 9.0
says "" "before an upgrade"
kept "before an upgrade"
deb prerm remove
says "disable --now $FOLLOW$STOP" "removal"
gone "after a removal"
leave_files
rpm_script post 2
says "daemon-reload," "upgrade, RPM"
rpm_script preun 1
says "" "before an upgrade, RPM"
kept "before an upgrade, RPM"
rpm_script postun 1
says "$RESTART" "after an upgrade, RPM"
rpm_script preun 0
says "disable --now $FOLLOW$STOP" "removal, RPM"
gone "after a removal, RPM"
rpm_script postun 0
says "daemon-reload," "after a removal, RPM"

rmdir "$WORK/run/systemd/system"
for script in "deb postinst configure" "deb prerm remove" "rpm_script post 1" \
	"rpm_script preun 0" "rpm_script postun 0" "rpm_script postun 1"; do
	$script
	says "" "without systemd: $script"
done
