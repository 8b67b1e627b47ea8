#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a copy of the tree: everything builds from nothing, with one mutant for all, a second make
# builds nothing, and clean leaves what was there before and nothing else.

. "$(dirname "$0")/sources.sh"

[ -f Makefile ] || { echo "skipped: no Makefile at the top of the tree"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
project_files | tar -cf - -T - | tar -xf - -C "$work"
# The copy is its own project: nothing of the caller's make applies to it.
unset OUT MAKEFLAGS MFLAGS MAKELEVEL
cd "$work" || exit 1

listing()
{
	find . -type f | sort | xargs sha256sum
}

targets="agent qemu-module"
if ls -d /usr/src/linux-headers-*-cloud-amd64 > /dev/null 2>&1; then
	targets="$targets kmod"
else
	echo "skipped: the guest module, no headers of its kernel"
fi
listing > "$work.before"
trap 'rm -rf "$work" "$work.before" "$work.after"' EXIT

# shellcheck disable=SC2086 # words are meant
make -s DEPS=no $targets || exit 1
make -s -C tests "$work/build/mutants/freehint-qemu-no-arm.so" || exit 1
for product in freehint-agent freehint-qemu.so; do
	[ -s build/$product ] || { echo "build/$product was not built"; exit 1; }
done
before=$(stat -c %Y%n build/freehint-agent build/freehint-qemu.so)
make -s DEPS=no agent qemu-module || exit 1
[ "$before" = "$(stat -c %Y%n build/freehint-agent build/freehint-qemu.so)" ] ||
	{ echo "a second make builds again"; exit 1; }
make -s DEPS=no clean || exit 1
listing > "$work.after"
diff "$work.before" "$work.after" && echo "clean leaves nothing behind"
