#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# freehint domain-xml as a filter: what it refuses leaves nothing on standard output, or the
# document as it came, for somebody who takes what is there and starts the guest with it.

. "$(dirname "$0")/sources.sh"
[ -x build/freehint ] || { echo "build/freehint was not built"; exit 77; }

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# says STATUS REASON OUTPUT OPTION... - what domain-xml does with standard input
says()
{
	local status=0

	build/freehint domain-xml "${@:4}" >"$WORK/out" 2>"$WORK/err" || status=$?
	expect "$1" $status "status of ${*:4}"
	cmp "$3" "$WORK/out" || { echo "that is what ${*:4} prints"; exit 1; }
	[[ $(cat "$WORK/err") == *"$2"* ]] ||
		{ echo "${*:4} says '$(cat "$WORK/err")', not '$2'"; exit 1; }
}

# domain NAME [DEVICE] - its XML, without a line break at its end
domain()
{
	printf '<domain type="kvm"><name>%s</name><memory>1</memory><devices>%s</devices>%s' "$1" \
		"${2:-}" '</domain>'
}

# A name as KubeVirt's, NAMESPACE_NAME, which does not fit into the path of a socket.
name=$(printf '%050d_%049d' 0 0)
why="line 1: the name has 100 bytes"
domain "$name" >"$WORK/long"
says 3 "$why" /dev/null "$WORK/long"
for option in --builtin --extension=/opt/freehint-qemu.so --vmi={}; do
	says 0 "$why" "$WORK/long" --or-unchanged $option <"$WORK/long"
	says 0 "$why" "$WORK/long" --or-unchanged $option "$WORK/long"
	says 0 "$why" "$WORK/long" $option --or-unchanged --domain="$(cat "$WORK/long")"
done
printf 'nonsense\n\n' >"$WORK/nonsense"
says 0 "line 1: " "$WORK/nonsense" --or-unchanged <"$WORK/nonsense"
says 0 "empty" /dev/null --or-unchanged </dev/null
# All of it, also what is longer than a domain can be.
{ domain vm1; head -c 5000000 /dev/zero | tr '\0' ' '; } >"$WORK/large"
says 3 "4 MiB" /dev/null <"$WORK/large"
says 0 "4 MiB" "$WORK/large" --or-unchanged <"$WORK/large"
# What is not refused gets freehint.
domain vm1 | build/freehint domain-xml >"$WORK/with" || exit 1
grep -q "name='freehint-vm1'" "$WORK/with" || { echo "vm1 has no <shmem>"; exit 1; }
says 0 "" "$WORK/with" --or-unchanged --domain="$(domain vm1)"
# "-" is standard input, as with other filters.
says 0 "" "$WORK/with" - <"$WORK/with"
says 3 "$why" /dev/null - <"$WORK/long"
says 0 "$why" "$WORK/long" --or-unchanged - <"$WORK/long"
says 1 "not both" /dev/null --domain=x - <"$WORK/with"
# What cannot be read cannot be printed, and the other ways to use it have no use for it.
says 4 "No such file" /dev/null --or-unchanged "$WORK/none"
for option in --remove --agent; do
	says 1 "--or-unchanged" /dev/null --or-unchanged $option </dev/null
done

# What a document has in it cannot command a terminal.
sed 's/,autostart/,y\&#155;=z&/' "$WORK/with" >"$WORK/changed"
says 3 "has no option 'y?=z'" /dev/null --builtin "$WORK/changed"

# --agent prints a part of a unit: what has a line break is a line of its own there.
says 3 "" /dev/null --agent <<<"$(domain vm1)"
cat >"$WORK/unit" <<EOT
[Service]
Environment="QMP=/run/freehint/vm1.qmp"
Environment="SHM=/dev/shm/freehint-vm1"
EOT
says 0 "" "$WORK/unit" --agent "$WORK/with"
# agent_refuses LINE SED - the domain that freehint was added to, changed so
agent_refuses()
{
	sed -e 's/<shmem/\n&/; s/<qemu:commandline/\n&/' "$WORK/with" | sed "$2" >"$WORK/changed"
	says 3 "line $1: " /dev/null --agent "$WORK/changed"
	grep -q "control character" "$WORK/err" || { cat "$WORK/err"; exit 1; }
}

agent_refuses 2 's/freehint-vm1/freehint-x\&#10;User=root/'
agent_refuses 2 's/freehint-vm1/freehint-x\&#13;y/'
agent_refuses 3 "s/freehint-vm1/freehint-a\&#9;b/; s,/vm1.qmp,/a\&#9;b.qmp,"
