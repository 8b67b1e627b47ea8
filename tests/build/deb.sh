#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the Debian packages into a directory: deb.sh DIRECTORY [VERSION]. A copy of the tree gets
# host-agent/packaging/debian as its debian/, for that is where dpkg-buildpackage looks.
# Packages of another VERSION are for tests of an upgrade.

set -eu

TARGET=$1
# shellcheck source=tests/build/sources.sh
. "$(dirname "$0")/sources.sh"

version=$(sed -n 's/#define FREEHINT_RELEASE "\(.*\)"/\1/p' include/freehint/version.h)
tree=$TARGET/freehint-$version
rm -rf "$TARGET"
mkdir -p "$tree"
project_files | tar -cf - -T - | tar -xf - -C "$tree"
cp -r "$tree/host-agent/packaging/debian" "$tree/debian"
cp "$tree/guest-kmod/dkms.conf" "$tree/debian/freehint-dkms.dkms"
[ -z "${2:-}" ] || sed -i "1s/(.*)/($2)/" "$tree/debian/changelog"
cd "$tree"
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u OUT dpkg-buildpackage -b -us -uc \
	>"$TARGET/build.log" 2>&1 || { tail -n 30 "$TARGET/build.log"; exit 1; }
ls "$TARGET"/*.deb
