#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Puts freehint into a source tree of QEMU: copies the sources that it shares with the
# shared object, then applies the patches that the file series names. Usage:
#
#	apply.sh QEMU-SOURCE-DIRECTORY
#	apply.sh -o FILE	all of it as one patch, for a package of QEMU
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)

# die STATUS WORD...
die() {
	status=$1
	shift
	echo "apply.sh: $*" >&2
	exit "$status"
}

usage() {
	die 2 "usage: apply.sh QEMU-SOURCE-DIRECTORY | -o FILE"
}

# copy_sources DIRECTORY - into what is, or becomes, QEMU's source
copy_sources() {
	to=$1/migration/freehint
	mkdir -p "$to/host-agent/common" "$to/proto" "$to/include/freehint"
	cp "$ROOT"/host-agent/common/clock.h "$ROOT"/host-agent/common/cancel_poll.h \
		"$to/host-agent/common/"
	(cd "$ROOT/host-agent" &&
		find qemu-module -name '*.[ch]' -exec cp --parents -t "$to/host-agent" {} +)
	cp "$ROOT"/proto/*.[ch] "$to/proto/"
	cp "$ROOT"/include/freehint/*.h "$to/include/freehint/"
	cp "$ROOT/LICENSE" "$to/"
}

patches() {
	while read -r name; do
		[ -z "$name" ] || echo "$HERE/$name"
	done <"$HERE/series"
}

# check_series DIRECTORY - older trees lack what the patches build on
check_series() {
	version=$(cat "$1/VERSION" 2>/dev/null || echo unknown)
	case $version in
	10.* | 11.*) ;;
	*)
		die 1 "this is QEMU $version; the patches are for 10.0 to 11.x, of which" \
			"10.0 and 10.2 were built"
		;;
	esac
}

# copy_touched FROM TO - the files there are that the patches change
copy_touched() {
	# shellcheck disable=SC2046 # no blanks in these names
	sed -n 's,^--- a/,,p; s,^+++ b/,,p' $(patches) | sort -u | while read -r file; do
		[ ! -e "$1/$file" ] || (cd "$1" && cp --parents "$file" "$2")
	done
}

# try_series DIRECTORY - on copies: a patch may need the one before it, and a tree that not
# all of them fit stays as it was
try_series() {
	copy_touched "$1" "$work"
	for patch in $(patches); do
		patch -d "$work" -p1 --forward --quiet <"$patch" >/dev/null ||
			die 1 "${patch##*/} does not apply to QEMU $version; nothing was changed"
	done
}

apply() {
	check_series "$1"
	[ ! -d "$1/migration/freehint" ] ||
		die 1 "$1 has freehint already: for another release of it" \
			"unpack QEMU's source again"
	try_series "$1"
	for patch in $(patches); do
		patch -d "$1" -p1 --forward --quiet --no-backup-if-mismatch <"$patch"
	done
	copy_sources "$1"
}

write_one() {
	mkdir "$work/a" "$work/b"
	copy_sources "$work/b"
	{
		echo "Subject: freehint: hints of free pages without virtio, built in"
		echo
		(cd "$work" && TZ=UTC diff -urN a b) || [ $? = 1 ]
		# shellcheck disable=SC2046 # no blanks in these names
		cat $(patches)
	} >"$work/patch"
	mv "$work/patch" "$1"
}

[ $# -gt 0 ] || usage
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$1" = -o ]; then
	[ $# = 2 ] || usage
	write_one "$2"
else
	[ -f "$1/migration/ram.c" ] || usage
	apply "$(cd "$1" && pwd)"
fi

cat >&2 <<-END
	apply.sh: done. QEMU has to be configured with --enable-freehint, and with the device
	ivshmem-plain: where devices are chosen one by one (--without-default-devices,
	--with-devices-ARCH=NAME) add CONFIG_IVSHMEM_DEVICE=y to
	configs/devices/ARCH-softmmu/NAME.mak, for x86_64 and for aarch64 if it is built. Modules,
	plugins and TCG are not needed.
END
