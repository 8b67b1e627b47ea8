#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# freehint enable and disable change the domain that was named, and say when a change counts: what
# a domain runs as, and what virsh managedsave has kept, stays as it was.

. "$(dirname "$0")/sources.sh"
[ -x build/freehint ] || { echo "build/freehint was not built"; exit 77; }

# enable runs no program that others can write.
umask 022
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
EXTENSION=$WORK/freehint-qemu.so
: >"$EXTENSION"

UUID=11111111-aaaa-4bbb-8ccc-dddddddddddd
echo "- $UUID vm1" >"$WORK/domains"
echo qemu:///system >"$WORK/uri"

. tests/build/virsh.sh

# info NAME STATE SAVED [PERSISTENT [UUID]] - as virsh prints it
info()
{
	printf '%-15s %s\n' Id: - Name: "$1" State: "$2" Persistent: "${4:-yes}" \
		'Managed save:' "$3" 'Security model:' none >"$WORK/${5:-$UUID}.info"
}

# says STATUS TEXT COMMAND... - freehint's status, and all that it prints
says()
{
	local wanted=$1 text=$2 status=0

	shift 2
	build/freehint "$@" >"$WORK/said" 2>&1 || status=$?
	expect "$wanted" $status "status of $*"
	expect "$text" "$(cat "$WORK/said")" "what $* says"
}

enable()
{
	says 0 "$1" enable --extension="$EXTENSION" vm1
}

disable()
{
	says 0 "$1" disable vm1
}

# domain UUID NAME [DEVICE] - one that libvirt has
domain()
{
	printf '<domain type="kvm"><name>%s</name><uuid>%s</uuid>%s</domain>' "$2" "$1" \
		"<memory>1</memory><devices>${3:-}</devices>" >"$WORK/$1.xml"
}

domain $UUID vm1
cp "$WORK/$UUID.xml" "$WORK/plain"
running="it runs: this counts when it was shut down and started again, a reboot is not enough"
give_up="shut it down after that, or give the saved state up with virsh managedsave-remove"

info vm1 'shut off' no
enable "vm1 has freehint now"
enable "vm1 has freehint already"
disable "vm1 is without freehint now"
cmp "$WORK/$UUID.xml" "$WORK/plain" || exit 1
info vm1 running no
enable "vm1 has freehint now
$running"
disable "vm1 is without freehint now
$running"

# What starts it may have closed the streams; virsh gets its input all the same.
enable "vm1 has freehint now
$running" <&-
disable "vm1 is without freehint now
$running" <&-
build/freehint enable --extension="$EXTENSION" vm1 <&- >&- 2>&-
says 0 "vm1 has freehint already" enable --extension="$EXTENSION" vm1
disable "vm1 is without freehint now
$running"

# Or may ignore the end of its children, or have virsh say more than the answer.
VIRSH_DEBUG=0 env --ignore-signal=CHLD build/freehint enable --extension="$EXTENSION" vm1 \
	>"$WORK/said" 2>&1
expect "vm1 has freehint now
$running" "$(cat "$WORK/said")" "what enable says to who ignores SIGCHLD"
disable "vm1 is without freehint now
$running"

# The next start goes on from what was saved.
info vm1 'shut off' yes
enable "vm1 has freehint now
it has a managed save, from before: its next start goes on without freehint; $give_up"
enable "vm1 has freehint already"
disable "vm1 is without freehint now
it has a managed save, from before: its next start goes on with freehint, which has to stay\
 installed; $give_up"
disable "vm1 is without freehint already"

# Names that look like what virsh says.
for name in 'Managed save: yes' 'State: running' 'Persistent: no' Persistent State; do
	info "$name" 'shut off' no
	enable "vm1 has freehint now"
	disable "vm1 is without freehint now"
done
info vm1 'shut off' no no
says 3 "freehint enable vm1: the domain is transient: whoever creates it has to add freehint to\
 its XML, see freehint domain-xml" enable --extension="$EXTENSION" vm1
info vm1 'shut off' no

# A name comes before an id and before a UUID, as which virsh would take them first.
OTHER=22222222-aaaa-4bbb-8ccc-dddddddddddd
THIRD=33333333-aaaa-4bbb-8ccc-dddddddddddd
cat >"$WORK/domains" <<EOT
5 $UUID vm1
- $OTHER 5
7 $THIRD $UUID
EOT
domain $OTHER 5
domain $THIRD $UUID
info 5 'shut off' no yes $OTHER
info $UUID 'shut off' no yes $THIRD
# changes UUID GIVEN NAME - enable and disable change this domain and no other, and say its name
changes()
{
	says 0 "$3 has freehint now" enable --extension="$EXTENSION" -- "$2"
	expect "$WORK/$1.xml" "$(grep -l shmem "$WORK"/*.xml)" "changed by enable $2"
	says 0 "$3 is without freehint now" disable -- "$2"
	expect "" "$(grep -l shmem "$WORK"/*.xml)" "still changed after disable $2"
}

changes $OTHER 5 5
changes $THIRD $UUID $UUID
changes $UUID vm1 vm1
# Where no domain has such a name it is an id, or a UUID.
changes $THIRD 7 $UUID
changes $OTHER $OTHER 5
# A virsh that fills its columns up, names with spaces, and what begins like an option.
printf '%s %-30s\n' "- $OTHER" 5 "- $UUID" '--all x' "- $THIRD" five >"$WORK/domains"
domain $UUID '--all x'
changes $OTHER 5 5
changes $UUID '--all x' '--all x'
domain $UUID '5 '
echo "- $UUID 5 " >>"$WORK/domains"
says 4 "freehint enable 5: 2 domains have names that differ in spaces at their ends only: give the\
 UUID" enable --extension="$EXTENSION" 5
says 4 "error: no domain 'fiv'
error: try again
freehint enable fiv: virsh domuuid ended with exit status 1, its message is above" \
	enable --extension="$EXTENSION" fiv
touch "$WORK/mute"
says 4 "freehint enable vm1: virsh uri ended with exit status 1, without a message; run it by\
 hand" \
	enable --extension="$EXTENSION" vm1
rm "$WORK/mute"
# Names, libvirt's connection and virsh's own messages cannot command a terminal.
csi=$'\xc2\x9b'
escape=$'\e]0;x\a'
domain $UUID "a${csi}2J"
echo "- $UUID a${csi}2J" >"$WORK/domains"
says 0 "a?2J has freehint now" enable --extension="$EXTENSION" -- "a${csi}2J"
says 0 "a?2J is without freehint now" disable -- "$UUID"
says 4 "error: no domain 'b?]0;x??2J'
error: try again
freehint disable b?]0;x??2J: virsh domuuid ended with exit status 1, its message is above" \
	disable -- "b$escape${csi}2J"
says 3 "freehint enable a?2J: there is no extension at $WORK/?/freehint-qemu.so: install freehint,\
 or give its path with --extension" enable --extension="$WORK/$csi/freehint-qemu.so" -- $UUID
# What changes a domain names it by its UUID.
expect "" "$(grep -E ' (dominfo|dumpxml) ' "$WORK/asked" |
	grep -vE -- '--domain=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')" "asked by another name"

# A domain that is not understood has the status of all that is refused. --help says for what.
sed -i 's/type="kvm"/type="xen"/' "$WORK/$UUID.xml"
cp "$WORK/$UUID.xml" "$WORK/before"
for command in enable disable; do
	says 3 "freehint $command a?2J: line 1: the domain's type is neither 'kvm' nor 'qemu', and\
 freehint is for QEMU" $command -- $UUID
	cmp "$WORK/$UUID.xml" "$WORK/before" || exit 1
done
# help COMMAND - on one line
help()
{
	build/freehint "$1" --help | tr -s ' \n' ' '
}

refused="3 refused, and nothing was changed: the domain is not understood, or is transient"
grep -q "$refused, 4" <<<"$(help disable)" || { echo "disable --help lacks status 3"; exit 1; }
grep -q "$refused, or libvirt is that of one user, the extension is missing, or the domain's QEMU\
 cannot be used, 4" <<<"$(help enable)" || { echo "enable --help lacks status 3"; exit 1; }

# Where libvirt is: its daemon says it, and only a file of this machine is looked for. A user's own
# starts no agents; what is in a domain of it can be taken out.
echo "- $UUID vm1" >"$WORK/domains"
domain $UUID vm1
absent=$WORK/absent/freehint-qemu.so
# at URI - what virsh is connected to
at()
{
	echo "$1" >"$WORK/uri"
}

for uri in qemu:///system qemu+unix:///system; do
	at $uri
	says 3 "freehint enable vm1: there is no extension at $absent: install freehint, or give\
 its path with --extension" enable --connect=$uri --extension="$absent" vm1
done
for uri in qemu+ssh://host2/system qemu+tls://h/system 'qemu+unix:///system?socket=/run/there'; do
	at "$uri"
	says 0 "vm1 has freehint now
nothing of that host was looked at: freehint doctor there says whether its QEMU can be used" \
		enable --extension="$absent" vm1
	says 0 "vm1 is without freehint now" disable vm1
done
cp "$WORK/$UUID.xml" "$WORK/before"
for uri in qemu:///session qemu+ssh://host2/session 'qemu:///session?socket=/run/there'; do
	at "$uri"
	says 3 "freehint enable vm1: $uri is the libvirt of one user: it starts no agents, and its\
 QEMU cannot create /run/freehint/, so the guest would not start; define the domain in\
 qemu:///system, and give --connect=qemu:///system" enable --extension="$EXTENSION" vm1
	cmp "$WORK/$UUID.xml" "$WORK/before" || exit 1
	says 0 "vm1 is without freehint already" disable vm1
done
at qemu:///system/session
says 0 "vm1 has freehint now" enable --extension="$EXTENSION" vm1
at qemu:///session
says 0 "vm1 is without freehint now" disable vm1

# Whatever ends QEMU at the next start is refused: its program has to load the extension, or to have
# freehint built in, and to have the device. These programs say what QEMU would say.
at qemu:///system
need cc
cat >"$WORK/qemu.c" <<'EOT'
#include <stdio.h>
#include <string.h>

#ifndef VERSION
#define VERSION "7.2.22 (Debian 1:7.2)"
#endif

void qemu_plugin_register_vcpu_init_cb(void);

void qemu_plugin_register_vcpu_init_cb(void) {}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 1;
	if (!strcmp(argv[1], "--version"))
		puts("QEMU emulator version " VERSION);
	if (!strcmp(argv[1], "-device"))
		puts("name \"" DEVICE "\", bus PCI");
	if (!strcmp(argv[1], "-object"))
		puts("  " OBJECT);
	return 0;
}
EOT

# qemu NAME DEVICE OBJECT [OPTION...] - build a program; -rdynamic: it loads plugins
qemu()
{
	cc -w -D DEVICE="\"$2\"" -D OBJECT="\"$3\"" "${@:4}" -o "$WORK/$1" "$WORK/qemu.c" || exit 1
}

# wants NAME REASON OPTION... - enable refuses this program, and defines nothing
wants()
{
	domain $UUID vm1 "<emulator>$WORK/$1</emulator>"
	says 3 "freehint enable vm1: the domain's <emulator> is $WORK/$1: $2; nothing was changed,\
 the domain may be given another <emulator>" enable "${@:3}" vm1
	says 0 "vm1 is without freehint already" disable vm1
}

qemu no-plugins ivshmem-plain x
qemu no-modules ivshmem-plain x -rdynamic
qemu built-in ivshmem-plain freehint
qemu no-device virtio-net-pci freehint
wants no-plugins "it was built with --disable-plugins (as RHEL's and Fedora's): it cannot load the\
 extension; host-agent/qemu-patches builds it in" --extension="$EXTENSION"
wants no-plugins "it has no freehint built in: give --extension with the path of freehint-qemu.so,\
 and it loads the extension, or build it in with host-agent/qemu-patches" --builtin
grep -q "without --enable-modules" <<<"$(
	domain $UUID vm1 "<emulator>$WORK/no-modules</emulator>"
	build/freehint enable --extension="$EXTENSION" vm1 2>&1)" || exit 1
wants built-in "it has freehint built in, and loads no extension: give --builtin" \
	--extension="$EXTENSION"
wants no-device "it has no device ivshmem-plain (RHEL, KubeVirt and microvm builds leave it out),\
 and the guest reports in the memory of that device; use a QEMU that is built with\
 CONFIG_IVSHMEM_DEVICE" --builtin
domain $UUID vm1 "<emulator>$WORK/built-in</emulator>"
says 0 "vm1 has freehint now" enable --builtin vm1
# Once more, and it was forgotten that it is built in. Only who names an extension wants it.
says 0 "vm1 has freehint already" enable vm1
says 3 "freehint enable vm1: the domain's <emulator> is $WORK/built-in: it has freehint built in,\
 and loads no extension: give --builtin; nothing was changed, the domain may be given another\
 <emulator>" enable --extension="$EXTENSION" vm1
says 0 "vm1 has freehint already" enable --builtin vm1
# Its host is not looked at, and it got more memory.
at qemu+ssh://host2/system
sed -i 's|<memory>1<|<memory unit="GiB">64<|' "$WORK/$UUID.xml"
says 0 "vm1 has freehint now
nothing of that host was looked at: freehint doctor there says whether its QEMU can be used" \
	enable vm1
grep -q -- "-object'.*<size unit='M'>4<\|<size unit='M'>4<.*-object'" "$WORK/$UUID.xml" ||
	{ echo "the domain has not what it had"; exit 1; }
at qemu:///system
# A series in which the extension has no effect: QEMU starts, so nothing is refused.
qemu untested ivshmem-plain x -D 'VERSION="8.2.2"'
qemu untested-built-in ivshmem-plain freehint -D 'VERSION="8.2.2"'
printf '#!/bin/sh\nexec "%s" "$@"\n' "$WORK/untested" >"$WORK/wrapper"
chmod +x "$WORK/wrapper"
# doctor says the same of it, and which series are tested.
tested=$(build/freehint doctor --qemu "$WORK/untested" |
	sed -n 's/.*use a tested one \(([^)]*)\),.*/\1/p')
untested="QEMU 8.2.2 belongs to a series that was never tested, that it works is only inferred from\
 other series: the extension loads there without effect, and there are no hints; give the domain a\
 QEMU of a tested series ${tested:?}, or add ,allow-untested=on to the extension's argument with\
 virsh edit, at your own risk"
domain $UUID vm1 "<emulator>$WORK/wrapper</emulator>"
enable "vm1 has freehint now
$untested"
enable "vm1 has freehint already
$untested"
sed -i 's/autostart=on/&,allow-untested=on/' "$WORK/$UUID.xml"
enable "vm1 has freehint already"
disable "vm1 is without freehint now"
domain $UUID vm1 "<emulator>$WORK/untested-built-in</emulator>"
says 0 "vm1 has freehint now" enable --builtin vm1

# What a script starts is not known, nor what is not here, and what others can write is not run.
printf '#!/bin/sh\nexec "%s" "$@"\n' "$WORK/no-plugins" >"$WORK/script"
chmod +x "$WORK/script"
cp "$WORK/no-plugins" "$WORK/shared"
chmod g+w "$WORK/shared"
mkdir -p "$WORK/others/bin"
cp "$WORK/no-plugins" "$WORK/others/bin/qemu"
ln -s "$WORK/others/bin/qemu" "$WORK/link"
chmod o+w "$WORK/others"
for emulator in "$WORK/script" "$WORK/none" "$WORK/shared" "$WORK/others/bin/qemu" "$WORK/link"; do
	domain $UUID vm1 "<emulator>$emulator</emulator>"
	enable "vm1 has freehint now"
done
at qemu+ssh://host2/system
domain $UUID vm1 "<emulator>$WORK/no-plugins</emulator>"
says 0 "vm1 has freehint now
nothing of that host was looked at: freehint doctor there says whether its QEMU can be used" \
	enable --extension="$EXTENSION" vm1
at qemu:///system

# A domain that was enabled when the extension was elsewhere. The wished path is offered.
old="$WORK/old, b/freehint-qemu.so"
mkdir "${old%/*}"
: >"$old"
domain $UUID vm1
says 0 "vm1 has freehint now" enable --extension="$old" vm1
says 0 "vm1 has freehint already" enable --extension="$old" vm1
rm "$old"
installed=/usr/lib/freehint/freehint-qemu.so
install -D build/freehint "$WORK/prefix/bin/freehint"
install -D "$EXTENSION" "$WORK/prefix/lib/freehint/freehint-qemu.so"
# with PREFIX STATUS TEXT - what the tool below this directory says of vm1
with()
{
	local status=0

	"$1/bin/freehint" enable vm1 >"$WORK/said" 2>&1 || status=$?
	expect "$2" $status "status of $1/bin/freehint"
	expect "$3" "$(cat "$WORK/said")" "what $1/bin/freehint says"
}
with "$WORK/prefix" 3 "freehint enable vm1: the domain has the extension at $old, and there is\
 none: its QEMU would not start; --extension=$WORK/prefix/lib/freehint/freehint-qemu.so gives it\
 the one that is installed"
says 0 "vm1 has freehint now" enable --extension="$EXTENSION" vm1
with "$WORK/prefix" 0 "vm1 has freehint already"
# One that is there stays, whatever is installed.
rm "$WORK/prefix/lib/freehint/freehint-qemu.so"
[ -e "$installed" ] || with "$WORK/prefix" 0 "vm1 has freehint already"
rm "$EXTENSION"
[ -e "$installed" ] || with "$WORK/prefix" 3 "freehint enable vm1: the domain has the extension at\
 $EXTENSION, and there is none, nor at $installed: install freehint, then give its path with\
 --extension"
says 0 "vm1 is without freehint now" disable vm1
