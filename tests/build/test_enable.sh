#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# freehint enable and disable say when a change counts: what a domain runs as, and what virsh
# managedsave has kept, stays as it was. virsh is one of our own that answers from files.

. "$(dirname "$0")/sources.sh"
[ -x build/freehint ] || { echo "build/freehint was not built"; exit 77; }

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
EXTENSION=$WORK/freehint-qemu.so
: >"$EXTENSION"

mkdir "$WORK/bin"
cat >"$WORK/bin/virsh" <<EOT
#!/bin/sh
[ "\$1" = --quiet ] || exit 1
case \$2 in
dominfo) cat "$WORK/info" ;;
dumpxml) cat "$WORK/xml" ;;
define) cat "\$3" >"$WORK/new" && mv "$WORK/new" "$WORK/xml" ;;
*) exit 1 ;;
esac
EOT
chmod +x "$WORK/bin/virsh"
export PATH=$WORK/bin:$PATH

# info NAME STATE SAVED [PERSISTENT] - as virsh prints it
info()
{
	printf '%-15s %s\n' Id: - Name: "$1" State: "$2" Persistent: "${4:-yes}" \
		'Managed save:' "$3" 'Security model:' none >"$WORK/info"
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

printf '<domain type="kvm"><name>vm1</name><memory>1</memory><devices></devices></domain>' \
	>"$WORK/xml"
cp "$WORK/xml" "$WORK/plain"
running="it runs: this counts when it was shut down and started again, a reboot is not enough"
give_up="shut it down after that, or give the saved state up with virsh managedsave-remove"

info vm1 'shut off' no
enable "vm1 has freehint now"
enable "vm1 has freehint already"
disable "vm1 is without freehint now"
cmp "$WORK/xml" "$WORK/plain" || exit 1
info vm1 running no
enable "vm1 has freehint now
$running"
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
