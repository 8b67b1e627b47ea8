#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The completions of bash, zsh and fish come from one table: it has the options that --help
# has, each shell takes its file, and offers what it should. A name of a domain that looks like
# a command is a name, and is inserted so that it stays one.

. "$(dirname "$0")/sources.sh"
[ -x build/freehint ] && [ -x build/freehint-agent ] || { echo "run make first"; exit 77; }

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
TABLE=host-agent/packaging/completion.table

for shell in bash zsh fish; do
	awk -v shell=$shell -f host-agent/packaging/completion.awk $TABLE >"$WORK/$shell" ||
		{ echo "no completion of $shell"; exit 1; }
done

# helped NAME COMMAND... - options of a help text: name, long, short, and whether it takes one
helped()
{
	local name=$1

	shift
	"$@" --help | sed -nE "s/^ +(-(.), |    )--([a-z-]+)(=[A-Z]+)?.*/$name \3 \2\4/p" |
		sed -E '/ (help|usage|version) /d; s/=.*/=/' | sort
}

# tabled NAME - the same by the table
tabled()
{
	awk -F '\t' -v name="$1" '$1 != "option" { on = $2 == name }
		$1 == "option" && on {
			print name " " $2 " " ($3 == "-" ? "" : $3) ($5 == "-" ? "" : "=")
		}' $TABLE | sort
}

commands=$(build/freehint --help | sed -n 's/^  \([a-z-]*\) .*/\1/p')
expect "$(sort <<<"$commands")" "$(awk -F '\t' '$1 == "command" { print $2 }' $TABLE | sort)" \
	"commands"
for command in $commands; do
	expect "$(helped "$command" build/freehint "$command")" "$(tabled "$command")" \
		"options of $command"
done
expect "$(helped freehint-agent build/freehint-agent)" "$(tabled freehint-agent)" "the agent's"

# virsh, for the names of domains; whoever executes the hostile ones leaves a file
mkdir "$WORK/bin" "$WORK/files"
printf '#!/bin/sh\ncat "%s/names"; echo\n' "$WORK" >"$WORK/bin/virsh"
chmod +x "$WORK/bin/virsh"
names()
{
	printf '%s\n' "$@" >"$WORK/names"
}
HOSTILE=("x\$(touch $WORK/hit)" "y\`touch $WORK/hit\`" "it's" 'b\s' 'say"hi')
unharmed()
{
	[ ! -e "$WORK/hit" ] || { echo "$1 executes the name of a domain"; exit 1; }
}
names vm1 'my vm'
touch "$WORK/files/one.xml" "$WORK/files/a b.xml"
PATH=$WORK/bin:$PATH

# offers WORD... - what bash offers for the last word, one a line
offers()
(
	cd "$WORK/files" || exit
	# shellcheck source=/dev/null
	complete() { :; } && compopt() { :; } && . "$WORK/bash"
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	_freehint
	printf '%s\n' "${COMPREPLY[@]}"
)

expect "doctor
domain-xml" "$(offers freehint 'do' | sort | grep -v '^dump')" "freehint do"
expect "--period" "$(offers freehint top --p)" "freehint top --p"
expect "" "$(offers freehint top --period '')" "freehint top --period"
expect "one.xml" "$(offers freehint domain-xml o)" "freehint domain-xml o"
expect "a b.xml" "$(offers freehint doctor -s a)" "freehint doctor -s a"
expect "vm1
my\\ vm" "$(offers freehint enable '' | grep .)" "freehint enable"
expect "my\\ vm" "$(offers freehint disable my)" "freehint disable my"
expect "pressure" "$(offers freehint-agent --give-back p)" "freehint-agent --give-back p"
# As bash splits it: --option=value is three words.
expect "pressure" "$(offers freehint-agent --give-back = p)" "freehint-agent --give-back=p"
expect "off once always pressure" "$(offers freehint-agent --give-back = | xargs)" \
	"freehint-agent --give-back="
expect "a b.xml" "$(offers freehint doctor --shm = a)" "freehint doctor --shm=a"
expect "" "$(offers freehint top --period =)" "freehint top --period="
expect "" "$(offers freehint top --period = -)" "freehint top --period=-"
expect "--log-level" "$(offers /usr/sbin/freehint-agent --log)" "freehint-agent --log"
expect "" "$(offers freehint status --per)" "an option of another command"

# typed LINE NAME - the line becomes a command with this domain
typed()
{
	expect "=<enable>=<$2>=" "$(python3 tests/lib/typed_in_bash.py "$WORK/bash" "$1")" "$1"
	unharmed "bash, after $1,"
}

# What bash itself makes of the "=".
expect "=<status>=<--qmp=$WORK/files/one.xml>=" "$(python3 tests/lib/typed_in_bash.py \
	"$WORK/bash" "freehint status --qmp=$WORK/files/o")" "freehint status --qmp=FILE"
typed 'freehint enable --connect=qemu:///x v' "--connect=qemu:///x>=<vm1"
names vm1 'my vm' 'web-1' 'web-2' "${HOSTILE[@]}"
expect "" "$(offers freehint enable nothing)" "freehint enable nothing"
unharmed bash
typed 'freehint enable v' vm1
typed 'freehint enable w' web-
typed 'freehint enable my\ ' 'my vm'
typed 'freehint enable "my' 'my vm'
typed 'freehint enable x' "${HOSTILE[0]}"
typed 'freehint enable x\$' "${HOSTILE[0]}"
typed "freehint enable 'x" "${HOSTILE[0]}"
typed 'freehint enable y\`' "${HOSTILE[1]}"
typed 'freehint enable it' "it's"
typed 'freehint enable "it' "it's"
typed 'freehint enable b' 'b\s'
typed 'freehint enable say\"' 'say"hi'
# Two names with one beginning: what is typed stays, without half of an escape.
names 'z(1' 'z[2'
typed 'freehint enable z' z
names vm1 'my vm' "${HOSTILE[@]}"

if command -v zsh >/dev/null; then
	zsh -n "$WORK/zsh" || exit 1
	sed -n '/^_freehint_domains/,/^}/p' "$WORK/zsh" >"$WORK/zsh.domains"
	# compadd gets the name of the array, and quotes what it inserts
	expect "$(printf '%s\n' vm1 'my vm' "${HOSTILE[@]}")" "$(zsh -c \
		'compadd() { print -rl -- "${(@P)2}" }; . "$1"; _freehint_domains' zsh \
		"$WORK/zsh.domains")" "zsh: freehint enable"
	unharmed zsh
else
	echo "skipped: zsh is not installed"
fi
if command -v fish >/dev/null; then
	export HOME=$WORK
	# fish_offers LINE
	fish_offers()
	{
		fish -c "source '$WORK/fish'; complete -C \"\$argv[1]\"" "$1" | cut -f 1
	}
	expect "doctor" "$(fish_offers 'freehint doc')" "fish: freehint doc"
	expect "--period" "$(fish_offers 'freehint top --pe')" "fish: freehint top --pe"
	names vm1 'my vm'
	expect "my vm
vm1" "$(fish_offers 'freehint enable ' | sort)" "fish: freehint enable"
	expect "pressure" "$(fish_offers 'freehint-agent --give-back pr')" "fish: --give-back"
	expect "--give-back=pressure" "$(fish_offers 'freehint-agent --give-back=pr')" \
		"fish: --give-back="
	expect "--qmp=$WORK/files/one.xml" "$(fish_offers "freehint status --qmp=$WORK/files/o")" \
		"fish: --qmp=FILE"
	names "${HOSTILE[@]}"
	expect "$(printf '%s\n' "${HOSTILE[@]}" | sort)" \
		"$(fish_offers 'freehint enable ' | sort)" "fish: names that look like commands"
	unharmed fish
else
	echo "skipped: fish is not installed"
fi
