#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rpm.sh DIRECTORY - builds the RPM packages there, and prints their paths. On Debian the
# packages that the spec asks for are not RPMs, so they are not asked for.

set -eu

TARGET=$1
# shellcheck source=tests/build/sources.sh
. "$(dirname "$0")/sources.sh"
need rpmbuild

version=$(sed -n 's/#define FREEHINT_RELEASE "\(.*\)"/\1/p' include/freehint/version.h)
rm -rf "$TARGET"
mkdir -p "$TARGET/SOURCES"
project_files | tar --transform "s,^,freehint-$version/," -czf \
	"$TARGET/SOURCES/freehint-$version.tar.gz" -T -
more=()
[ ! -e /etc/debian_version ] ||
	more=(--define "without_build_requires 1" --define "_build_id_links none")
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u OUT rpmbuild -bb --define "_topdir $TARGET" \
	--define "freehint_version $version" "${more[@]}" host-agent/packaging/freehint.spec \
	>"$TARGET/build.log" 2>&1 || { tail -n 30 "$TARGET/build.log"; exit 1; }
find "$TARGET/RPMS" -name '*.rpm'
