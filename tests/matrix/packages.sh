#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a world (world.sh run NAME tests/matrix/packages.sh): builds the packages, installs
# them, sees that what they bring works, removes them, and sees that nothing is left.

set -eu

DEBS=${OUT:?world.sh sets it}/deb
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export DEBIAN_FRONTEND=noninteractive

fail()
{
	echo "packages.sh: $1"
	exit 1
}

# What a package may leave behind.
listing()
{
	find /etc /usr /lib/modules /var/lib/dkms -xdev \( -name '*freehint*' -o \
		-path '*dkms/freehint*' \) 2>/dev/null | sort
}

tests/build/deb.sh "$DEBS"
listing >"$WORK/before"
[ ! -s "$WORK/before" ] || { cat "$WORK/before"; fail "there is a freehint already"; }

# policy-rc.d: no service is to be started in a chroot
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
apt-get -q update >"$WORK/log" 2>&1 || { cat "$WORK/log"; fail "no lists of packages"; }
apt-get -q -y install --no-install-recommends "$DEBS"/*.deb >"$WORK/log" 2>&1 ||
	{ tail -n 20 "$WORK/log"; fail "the packages cannot be installed"; }

freehint-agent --version
freehint doctor || fail "doctor is not content"
man -w freehint >/dev/null 2>&1 || [ -s /usr/share/man/man1/freehint.1.gz ] ||
	fail "no man page"
dkms status freehint | grep -q installed ||
	{ dkms status; fail "dkms has not installed the module"; }
kernel=$(find /lib/modules -name 'freehint.ko*' -path '*dkms*' | head -n 1)
modinfo "$kernel" | grep '^vermagic'

apt-get -q -y purge freehint freehint-dkms >"$WORK/log" 2>&1 ||
	{ tail -n 20 "$WORK/log"; fail "the packages cannot be removed"; }
rm -f /usr/sbin/policy-rc.d
listing >"$WORK/after"
[ ! -s "$WORK/after" ] || { cat "$WORK/after"; fail "something is left behind"; }
echo "installed, used, removed"
