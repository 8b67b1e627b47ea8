#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the tests again and again with other work beside them, and counts the runs in
# which none failed. A test that fails because the machine is busy shows here.

set -u

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HOME_DIR=$ROOT/build/repeat
STATE=$HOME_DIR/state
# What a writer writes, syncs and begins again.
WRITE_MIB=256

usage()
{
	cat <<-END
	usage: tests/repeat.sh [-n RUNS] [-b LOOPS] [-w WRITERS] [-c] [--] [ARGUMENT...]
	       tests/repeat.sh -r [-c]

	Runs tests/run.sh RUNS times, 10 by default, with the ARGUMENTs it takes (its
	options behind --), beside busy loops and writers to the disk. It stops at the
	first run with a failure.

	  -n RUNS     how many runs
	  -b LOOPS    busy loops beside them, 2 by default
	  -w WRITERS  writers beside them, 1 by default
	  -c          go on after a run with a failure
	  -r          go on where the last call was stopped, with its runs, load and
	              arguments; a run that was interrupted is run again

	One line per run; the last line says how many were green, and the exit status is
	0 if all of them were. What run N printed is in build/repeat/N/run.log, the logs
	of its tests are beside it.
	END
}

die()
{
	echo "repeat.sh: $1" >&2
	exit 2
}

number()
{
	[[ $2 =~ ^(0|[1-9][0-9]{0,5})$ ]] || die "$1 takes a number, not '$2'"
}

# load WORK PARENT DIRECTORY - one load; it ends with PARENT at the latest
load()
{
	while kill -0 "$2" 2> /dev/null; do
		if [ "$1" = busy ]; then
			for ((i = 0; i < 200000; i++)); do
				:
			done
		else
			dd if=/dev/zero of="$3/$BASHPID" bs=1M count="$WRITE_MIB" conv=fsync
		fi
	done
}

start_load()
{
	local i work

	scratch=$(mktemp -d "$HOME_DIR/load.XXXXXX") || die "no room in $HOME_DIR"
	for ((i = 0; i < loops + writers; i++)); do
		[ "$i" -lt "$loops" ] && work="busy" || work="write"
		# a group of its own, so that the program it runs just then ends with it
		setsid bash -c "$(declare -f load); WRITE_MIB=$WRITE_MIB; load \"\$@\"" \
			load "$work" $$ "$scratch" 9>&- < /dev/null > /dev/null 2>&1 &
		loads+=($!)
	done
}

end_load()
{
	local pid

	for pid in "${loads[@]}"; do
		kill -KILL -- "-$pid" 2> /dev/null || kill -KILL "$pid" 2> /dev/null
	done
	[ ${#loads[@]} -eq 0 ] || wait "${loads[@]}" 2> /dev/null
	loads=()
	[ -z "$scratch" ] || rm -rf "$scratch"
	scratch=
}

# The state file: what was asked for, then a line for each run that came to its end.
begin_state()
{
	local argument

	rm -rf "${HOME_DIR:?}"/[0-9]*
	{
		echo "runs $runs"
		echo "loops $loops"
		echo "writers $writers"
		for argument in "${arguments[@]}"; do
			printf 'argument %q\n' "$argument"
		done
	} > "$STATE"
}

read_state()
{
	local word rest

	[ -f "$STATE" ] || die "nothing to resume: there is no $STATE"
	while read -r word rest; do
		case $word in
		runs) runs=$rest ;;
		loops) loops=$rest ;;
		writers) writers=$rest ;;
		argument)
			# as printf %q has written it
			eval "arguments+=($rest)"
			;;
		green)
			over=$((over + 1))
			green=$((green + 1))
			;;
		RED) over=$((over + 1)) ;;
		esac
	done < "$STATE"
}

# One run; 0 when none of its tests failed.
run_once()
{
	local home=$HOME_DIR/$1 begin=$SECONDS verdict=green status

	rm -rf "$home"
	mkdir -p "$home"
	TEST_LOGS=$home "$ROOT/tests/run.sh" "${arguments[@]}" 9>&- > "$home/run.log" 2>&1 \
		< /dev/null &
	runner=$!
	wait "$runner"
	status=$?
	runner=
	[ "$status" -eq 0 ] || verdict=RED
	echo "$verdict $1" >> "$STATE"
	echo "run $1 of $runs: $verdict, $((SECONDS - begin)) s: $(tail -n 1 "$home/run.log")"
	[ "$verdict" = green ] && return
	grep '^FAIL  ' "$home/run.log" | sed 's/^/      /'
	return 1
}

interrupted()
{
	trap - INT TERM
	[ -z "$runner" ] || kill -TERM "$runner" 2> /dev/null
	wait ${runner:+"$runner"} 2> /dev/null
	echo "interrupted; tests/repeat.sh -r goes on"
	exit 130
}

runs=10
loops=2
writers=1
go_on=
resume=
over=0
green=0
runner=
scratch=
loads=()
while getopts n:b:w:crh option; do
	case $option in
	n) runs=$OPTARG ;;
	b) loops=$OPTARG ;;
	w) writers=$OPTARG ;;
	c) go_on=1 ;;
	r) resume=1 ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
arguments=("$@")
mkdir -p "$HOME_DIR"
exec 9> "$HOME_DIR/lock"
flock -n 9 || die "another one runs in this tree"
if [ -n "$resume" ]; then
	[ $# -eq 0 ] || die "-r takes the arguments of the call that it resumes"
	read_state
fi
number -n "$runs"
number -b "$loops"
number -w "$writers"
[ -n "$resume" ] || begin_state

trap end_load EXIT
trap interrupted INT TERM
start_load
for ((number = over + 1; number <= runs; number++)); do
	if run_once "$number"; then
		green=$((green + 1))
	elif [ -z "$go_on" ]; then
		break
	fi
done
echo "$green of $runs green"
[ "$green" -eq "$runs" ]
