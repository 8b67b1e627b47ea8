#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the packages' scripts tell systemd: an upgrade restarts the agents that run, a removal
# stops them, after what would start them again, and a system without systemd is told nothing.
# systemctl only writes down what it is told; `make check-debian-host` has a real one.

set -u

. "$(dirname "$0")/sources.sh"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$WORK/bin" "$WORK/run"
printf '#!/bin/sh\necho "$*" >>%s/calls\nexit 1\n' "$WORK" >"$WORK/bin/systemctl"
chmod +x "$WORK/bin/systemctl"
export PATH=$WORK/bin:$PATH

# deb NAME ARGUMENT... - a script of the Debian package, as dpkg calls it
deb()
{
	local name=$1

	shift
	sed "s,/run/systemd,$WORK/run," "host-agent/packaging/debian/freehint.$name" >"$WORK/script"
	told "$@"
}

# rpm_script NAME NUMBER - one of the spec, with the number of packages that stay
rpm_script()
{
	sed -n "/^%$1\$/,/^\$/p" host-agent/packaging/freehint.spec |
		sed -e 1d -e "s,/run/systemd,$WORK/run," >"$WORK/script"
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
STOP="stop freehint-agent@*.service freehint-moved.timer,"
FOLLOW="freehint-follow.path freehint-follow.service,"

# Of the hook's.
DROP_IN=$WORK/run/system/freehint-agent@vm1.service.d
drop_in()
{
	mkdir -p "$DROP_IN" && touch "$DROP_IN/domain.conf"
}

drop_in
deb postinst configure 0.0.1
says "daemon-reload,$RESTART" "upgrade"
deb prerm upgrade 9.0
says "" "before an upgrade"
[ -e "$DROP_IN" ] || { echo "an upgrade removes the agents' drop-ins"; exit 1; }
deb prerm remove
says "disable --now $FOLLOW$STOP" "removal"
[ ! -e "$DROP_IN" ] || { echo "a removal leaves the agents' drop-ins"; exit 1; }
drop_in
rpm_script post 2
says "daemon-reload," "upgrade, RPM"
rpm_script preun 1
says "" "before an upgrade, RPM"
[ -e "$DROP_IN" ] || { echo "an upgrade removes the agents' drop-ins, RPM"; exit 1; }
rpm_script postun 1
says "$RESTART" "after an upgrade, RPM"
rpm_script preun 0
says "disable --now $FOLLOW$STOP" "removal, RPM"
[ ! -e "$DROP_IN" ] || { echo "a removal leaves the agents' drop-ins, RPM"; exit 1; }
rpm_script postun 0
says "" "after a removal, RPM"

rmdir "$WORK/run/system"
for script in "deb postinst configure" "deb prerm remove" "rpm_script post 1" \
	"rpm_script preun 0" "rpm_script postun 1"; do
	$script
	says "" "without systemd: $script"
done
