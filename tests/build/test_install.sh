#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# time limit: 300 s
#
# make install into an empty tree: every file is there, the unit is one that systemd
# takes, man pages have no warnings and name every option and parameter there is.

set -eu

cd "$(dirname "$0")/../.."
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

fail()
{
	echo "$1"
	exit 1
}

# need COMMAND PACKAGE - a missing checker is a skip
need()
{
	command -v "$1" >/dev/null && return
	echo "$1 is missing: install $2"
	exit 77
}

need scdoc scdoc
need man man-db
make -s DEPS=no OUT="$WORK/build" DESTDIR="$WORK/tree" PREFIX=/usr install >"$WORK/log" 2>&1 ||
	{ cat "$WORK/log"; fail "make install failed"; }

ROOT=$WORK/tree/usr
for file in sbin/freehint-agent bin/freehint lib/freehint/freehint-qemu.so \
	lib/systemd/system/freehint-agent@.service share/man/man8/freehint-agent.8 \
	share/man/man1/freehint.1 share/bash-completion/completions/freehint \
	share/zsh/site-functions/_freehint share/fish/vendor_completions.d/freehint.fish \
	share/man/man7/freehint-qemu.7 share/man/man4/freehint.4 \
	lib/freehint/freehint-follow lib/systemd/system/freehint-follow.path \
	lib/systemd/system/freehint-follow.service \
	lib/systemd/system/freehint-moved.timer lib/systemd/system/freehint-moved.service \
	share/freehint/alerts.yml share/freehint/dashboard.json \
	../etc/libvirt/hooks/qemu.d/freehint; do
	[ -s "$ROOT/$file" ] || fail "$file was not installed"
done
for script in "$ROOT/lib/freehint/freehint-follow" \
	"$ROOT/../etc/libvirt/hooks/qemu.d/freehint"; do
	[ -x "$script" ] && sh -n "$script" || fail "$script cannot be run"
	! grep -q '@[A-Z_]*@' "$script" || fail "$script has a place that was not filled in"
done
# runs_as USER - that is who unit and hook take QEMU for
runs_as()
{
	grep -qx "User=$1" "$ROOT/lib/systemd/system/freehint-agent@.service" ||
		fail "the unit does not run as $1"
	grep -qx "QEMU_USER=$1" "$ROOT/lib/freehint/freehint-follow" ||
		fail "the hook does not make the directory for $1"
}

runs_as libvirt-qemu
make -s DEPS=no OUT="$WORK/build" DESTDIR="$WORK/tree" PREFIX=/usr QEMU_USER=qemu \
	-C host-agent/agent install >"$WORK/log" 2>&1 || { cat "$WORK/log"; fail "QEMU_USER="; }
runs_as qemu
"$ROOT/sbin/freehint-agent" --version
"$ROOT/bin/freehint" --version

# names_all PAGE WORD... - a man page has all of these words
names_all()
{
	local page=$1 word

	shift
	[ $# -gt 2 ] || fail "$page: found only $# words to look for"
	for word in "$@"; do
		grep -qF -- "$word" "$WORK/$page.txt" || fail "$page does not name $word"
	done
}

for page in man1/freehint.1 man8/freehint-agent.8 man7/freehint-qemu.7 man4/freehint.4; do
	LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -E UTF-8 -l "$ROOT/share/man/$page" \
		>"$WORK/${page#*/}.txt" 2>"$WORK/warnings" || fail "$page cannot be shown"
	[ ! -s "$WORK/warnings" ] || { cat "$WORK/warnings"; fail "$page has warnings"; }
done
# options_of COMMAND... - the options that its help names
options_of()
{
	"$@" --help | grep -o -- '--[a-z][a-z-]*' | sort -u
}

# shellcheck disable=SC2046
names_all freehint-agent.8 $(options_of "$ROOT/sbin/freehint-agent")

COMMANDS=$("$ROOT/bin/freehint" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p')
for command in $COMMANDS; do
	# shellcheck disable=SC2046
	names_all freehint.1 "$command" $(options_of "$ROOT/bin/freehint" "$command")
done
# shellcheck disable=SC2046
names_all freehint-qemu.7 $(sed -n 's/.*IS("\(.*\)").*/\1/p' \
	host-agent/qemu-module/entry/module_entry.c) \
	$(sed -n 's/#define FREEHINT_QMP_.*"\(.*\)"/\1/p' \
	include/freehint/qmp_names.h)
# shellcheck disable=SC2046
names_all freehint.4 $(sed -n 's/.*MODULE_PARM_DESC(\([a-z_]*\),.*/\1/p' \
	guest-kmod/core/guest_params.c)

mkdir "$WORK/rest" && cp -a "$WORK/tree" "$WORK/rest"
touch "$WORK/rest/tree/usr/lib/freehint/of-somebody-else"
make -s DEPS=no OUT="$WORK/build" DESTDIR="$WORK/rest/tree" PREFIX=/usr uninstall \
	>"$WORK/log" 2>&1 || { cat "$WORK/log"; fail "make uninstall failed"; }
[ "$(find "$WORK/rest" ! -type d -printf '%P\n')" = tree/usr/lib/freehint/of-somebody-else ] ||
	{ find "$WORK/rest" ! -type d; fail "make uninstall left something, or removed too much"; }
[ ! -e "$WORK/rest/tree/usr/share/freehint" ] || fail "an empty directory of ours is left"

if command -v systemd-analyze >/dev/null; then
	unit=$ROOT/lib/systemd/system/freehint-agent@.service
	cp "$ROOT"/lib/systemd/system/freehint-moved.* "$WORK"
	# systemd looks for the program where the unit says: that is not in our tree
	sed "s,/usr/sbin,$ROOT/sbin," "$unit" >"$WORK/freehint-agent@x.service"
	systemd-analyze verify --man=no "$WORK/freehint-agent@x.service" 2>"$WORK/verify" ||
		{ cat "$WORK/verify"; fail "systemd does not take the unit"; }
	grep -i 'freehint' "$WORK/verify" && fail "systemd warns of the unit"
	for unit in freehint-follow.path freehint-follow.service; do
		sed "s,/usr/lib/freehint,$ROOT/lib/freehint," "$ROOT/lib/systemd/system/$unit" \
			>"$WORK/$unit"
	done
	systemd-analyze verify --man=no "$WORK"/freehint-follow.* "$WORK"/freehint-moved.* \
		2>"$WORK/verify" || { cat "$WORK/verify"; fail "systemd does not take a unit"; }
	grep -i 'freehint' "$WORK/verify" && fail "systemd warns of a unit"
	systemd-analyze security --offline=yes --threshold=25 \
		"$WORK/freehint-agent@x.service" >"$WORK/security" ||
		{ tail -n 3 "$WORK/security"; fail "the unit is not shut in enough"; }
else
	echo "skipped: the unit: no systemd-analyze; install systemd"
fi
