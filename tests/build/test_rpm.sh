#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
#
# The RPM packages build, and have the files that make install installs, no more and no less.
# Unit and hook are for the user that QEMU runs as in the distributions that have RPMs.

. "$(dirname "$0")/sources.sh"
need rpmbuild
need cpio
need scdoc

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
TREE=$WORK/tree

mapfile -t packages < <(tests/build/rpm.sh "$WORK/rpm")
[ ${#packages[@]} = 2 ] || { printf '%s\n' "${packages[@]}"; exit 1; }

make -s DEPS=no OUT="$WORK/build" DESTDIR="$TREE" PREFIX=/usr install install-dkms \
	>"$WORK/log" 2>&1 || { cat "$WORK/log"; exit 1; }

# packaged FILE... - files of packages; rpmbuild compresses pages and adds documents
packaged()
{
	rpm -qlp --queryformat '[%{FILEMODES:perms} %{FILENAMES}\n]' "$@" 2>/dev/null |
		sed -n 's/^[-l][^ ]* //p' | sed -E 's,(/man/.*)\.gz$,\1,' |
		grep -vE '^/usr/share/(doc|licenses)/|/\.build-id/' | sort
}

installed=$(cd "$TREE" && find . ! -type d | sed 's,^\.,,' | sort)
[ "$(wc -l <<<"$installed")" -gt 20 ] || { echo "make install installed: $installed"; exit 1; }
expect "$installed" "$(packaged "${packages[@]}")" "files of the packages"

# said_by FILE - a file of the packages
said_by()
{
	rpm2cpio "$WORK/host.rpm" | cpio --quiet -i --to-stdout ".$1"
}
for package in "${packages[@]}"; do
	[[ $package == *dkms* ]] || cp "$package" "$WORK/host.rpm"
done
expect "User=qemu" "$(said_by /usr/lib/systemd/system/freehint-agent@.service | grep ^User=)" \
	"user of the unit"
expect "QEMU_USER=qemu" "$(said_by /usr/lib/freehint/freehint-follow | grep ^QEMU_USER=)" \
	"user of the hook"

# What runs when they are installed must at least be shell.
for package in "${packages[@]}"; do
	rpm -qp --scripts "$package" | grep -v ' scriptlet ' >"$WORK/scripts"
	sh -n "$WORK/scripts" || { cat "$WORK/scripts"; exit 1; }
done
