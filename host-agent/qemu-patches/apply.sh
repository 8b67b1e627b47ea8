#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Puts freehint into a source tree of QEMU: copies the sources that it shares with the
# shared object, then applies the patches that the file series names.
# Usage: apply.sh QEMU-SOURCE-DIRECTORY
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)

[ -f "${1:-}/migration/ram.c" ] || {
	echo "usage: apply.sh QEMU-SOURCE-DIRECTORY" >&2
	exit 2
}
to=$1/migration/freehint

mkdir -p "$to/host-agent/common" "$to/proto" "$to/include/freehint"
cp "$ROOT"/host-agent/common/clock.h "$to/host-agent/common/"
(cd "$ROOT/host-agent" &&
	find qemu-module -name '*.[ch]' -exec cp --parents -t "$to/host-agent" {} +)
cp "$ROOT"/proto/*.[ch] "$to/proto/"
cp "$ROOT"/include/freehint/*.h "$to/include/freehint/"
cp "$ROOT/LICENSE" "$to/"

while read -r patch; do
	[ -n "$patch" ] || continue
	patch -d "$1" -p1 --forward --quiet <"$HERE/$patch" || {
		echo "apply.sh: $patch does not apply: another series of QEMU?" >&2
		exit 1
	}
done <"$HERE/series"
