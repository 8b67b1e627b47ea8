#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs tests, each under a timeout and with its own log, and prints one line per
# test, then the tests that took longest. The last line is exactly
# "N passed, N failed, N skipped".

set -u

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LOGS=${TEST_LOGS:-$ROOT/build/test-logs}
ALL_GROUPS="build unit model fuzz kvm vm"
SKIP=77
TAIL=${TEST_TAIL:-25}
# The tests that take longest begin first in their group, so that none of them runs alone at
# the end. Somebody who finds another one below "slowest:" adds it here.
LONGEST="build/test_clang_tidy build/test_mutants build/test_no_leftovers build/test_dkms
	unit/test_agent unit-asan/test_agent unit/test_agent_qmp unit-asan/test_agent_qmp
	model/test_round_model model/test_give_back_model fuzz/test_planted_bugs
	kvm/test_linux_late kvm/test_linux_churn kvm/test_torture_kvm kvm/test_fault_torture
	vm/test_other_release vm/test_memory_kinds vm/test_torture_events_reboot vm/test_postcopy
	vm/test_give_back vm/test_torture_work vm/test_torture_events
	vm/test_torture_migration_modes vm/test_give_back_guest vm/test_bench"
# So many of the tests that took longest are named at the end.
SLOWEST=10
# The limits below are for a machine that does nothing else.
BUSY=3
# What a test with virtual machines takes of the host's memory at most, MiB.
VM_MIB=5120

usage()
{
	cat <<-END
	usage: tests/run.sh [-k PATTERN] [-j JOBS] [-l] [GROUP|NAME...]

	GROUP is one of: $ALL_GROUPS; all of them by default. NAME is a test as -l
	prints it, or a shell pattern for several: 'kvm/*', unit/test_shm_layout.

	  -k PATTERN  only tests whose name matches this regular expression
	  -j JOBS     tests at a time (default: JOBS, else one for each processor; of unit
	              tests twice as many, of those with virtual machines half as many
	              again, but no more than memory is for)
	  -l          list the tests, run none

	TEST_TIMEOUT overrides every test's time limit, seconds. Logs: build/test-logs.
	ACCEL=kvm runs the guests of the vm group under KVM, ACCEL=tcg (default) under TCG.
	The ten tests that took longest are named before the last line.
	END
}

die()
{
	echo "run.sh: $1" >&2
	exit 2
}

# Seconds a test of a group may take before it counts as failed. These end hung
# tests; no test passes or fails by being fast, and other work beside it may make it
# BUSY times as slow. Only a limit that the caller gives is taken as it is.
time_limit()
{
	local own=

	[ -f "$2" ] && [ "${2##*/unit*}" = "$2" ] &&
		own=$(sed -n '1,20s/^# time limit: \([0-9]\+\) s$/\1/p' "$2")
	if [ -n "${TEST_TIMEOUT:-}" ]; then
		echo "$TEST_TIMEOUT"
		return
	fi
	case $1 in
	unit*) : "${own:=120}" ;;
	vm) : "$((own = ${own:-600} * slower))" ;;
	*) : "${own:=300}" ;;
	esac
	echo $((own * BUSY))
}

# Prints "NAME PATH" of every test of a group.
list_group()
{
	local path name

	if [ "$1" = unit ]; then
		for path in $(make -s -C "$ROOT/tests" list-unit); do
			name=${path#"$ROOT/build/tests/"}
			echo "$name $path"
		done
		return
	fi
	for path in "$ROOT/tests/$1"/test_*; do
		case $path in
		*.py | *.sh) ;;
		*) continue ;;
		esac
		name=${path##*/}
		echo "$1/${name%.*} $path"
	done
}

# Puts the LONGEST of the tests that it reads before the others.
longest_first()
{
	awk -v longest="${LONGEST//[[:space:]]/ }" '
		BEGIN { count = split(longest, order, / +/) }
		{ line[NR] = $0; at[$1] = NR }
		END {
			for (i = 1; i <= count; i++)
				if (order[i] in at) {
					print line[at[order[i]]]
					delete line[at[order[i]]]
				}
			for (i = 1; i <= NR; i++)
				if (i in line)
					print line[i]
		}'
}

wanted()
{
	local pick

	[[ $1 =~ $pattern ]] || return 1
	[ ${#picks[@]} -eq 0 ] && return 0
	for pick in "${picks[@]}"; do
		# shellcheck disable=SC2053 # a pattern is meant
		[[ $1 == $pick || ${1%%/*} == "$pick" || ${1%%-*} == "$pick" ]] && return 0
	done
	return 1
}

reason_of()
{
	local reason

	reason=$(grep -i 'skip' "$1" | tail -n 1)
	echo "${reason:-$(tail -n 1 "$1")}"
}

report()
{
	local name=$1 status=$2 log=$3

	case $status in
	0)
		passed=$((passed + 1))
		echo "ok    $name"
		# A test that could do a part of its work only says so; so do we.
		grep '^skipped: ' "$log" | sed 's/^/      /'
		;;
	"$SKIP")
		skipped=$((skipped + 1))
		echo "skip  $name: $(reason_of "$log")"
		;;
	*)
		failed=$((failed + 1))
		[ "$status" -eq 124 ] && echo "(ended by the time limit)" >> "$log"
		red+=("$name: $(tail -n 1 "$log")")
		echo "FAIL  $name (status $status, log ${log#"$ROOT/"})"
		tail -n "$TAIL" "$log" | sed 's/^/      | /'
		;;
	esac
}

run_one()
{
	local name=$1 path=$2 log=$3 limit

	limit=$(time_limit "${name%%/*}" "$path")
	cd "$ROOT" || exit 1
	case $path in
	*.py) set -- python3 "$path" ;;
	*.sh) set -- bash "$path" ;;
	*) set -- "$path" ;;
	esac
	if [ ! -e "$path" ]; then
		# The first build hid its words; once more, for this log.
		make -s -C "$ROOT/tests" "$path" 2>&1 | head -n "$TAIL"
		echo "$name did not build"
		return 1
	fi
	exec timeout -k 10 "$limit" "$@"
}

# How many tests may run beside one of this name.
jobs_for()
{
	local most room

	most=${jobs:-$(nproc)}
	# Of the unit tests those of the agent's clocks take longest, and wait all the time.
	[[ -z $jobs && $1 =~ ^unit ]] && most=$((most * 2))
	# Those with virtual machines wait for a good part of their time.
	[[ -z $jobs && $1 =~ ^(kvm|vm)/ ]] && most=$((most + (most + 1) / 2))
	if [[ -z $jobs && $1 =~ ^(kvm|vm)/ ]]; then
		room=$(awk -v each="$VM_MIB" '/^MemTotal/ { print int($2 / 1024 / each) }' \
			/proc/meminfo)
		[ "$room" -lt 1 ] && room=1
		[ "$most" -gt "$room" ] && most=$room
	fi
	echo "$most"
}

reap()
{
	local pid status

	wait -n -p pid "${!running[@]}"
	status=$?
	took+=("$((SECONDS - began[$pid])) ${running[$pid]}")
	report "${running[$pid]}" "$status" "${logs[$pid]}"
	unset "running[$pid]"
}

# The tests that took longest, so that everybody sees where the time goes.
print_slowest()
{
	local seconds name

	echo "slowest:"
	printf '%s\n' "${took[@]}" | sort -k1,1nr -k2 | head -n "$SLOWEST" |
		while read -r seconds name; do
			printf '%7d s  %s\n' "$seconds" "$name"
		done
}

# Once more at the end, where it is read although hundreds of lines went by.
print_failed()
{
	[ ${#red[@]} -eq 0 ] && return
	echo "failed:"
	printf '         %s\n' "${red[@]}"
}

interrupted()
{
	trap - INT TERM
	[ ${#running[@]} -gt 0 ] && kill "${!running[@]}" 2> /dev/null
	wait
	echo "interrupted"
	echo "$passed passed, $failed failed, $skipped skipped"
	exit 130
}

# Which of several equal variants the tests of this run have (lib/soak.py).
export FREEHINT_RUN=${FREEHINT_RUN:-$RANDOM}

pattern=.
jobs=${JOBS:-}
list=
while getopts k:j:lh option; do
	case $option in
	k) pattern=$OPTARG ;;
	j) jobs=$OPTARG ;;
	l) list=1 ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[[ ${jobs:-1} =~ ^[1-9][0-9]*$ ]] || die "-j takes a number above 0"

picks=("$@")
names=()
paths=()
for group in $ALL_GROUPS; do
	while read -r name path; do
		wanted "$name" || continue
		names+=("$name")
		paths+=("$path")
	done < <(list_group "$group" | longest_first)
done
[ ${#names[@]} -gt 0 ] || die "no such test; -l lists them"
if [ -n "$list" ]; then
	printf '%s\n' "${names[@]}"
	exit 0
fi

# What stands against ACCEL is said once, before the first test.
slower=1
if [ -n "${ACCEL:-}" ]; then
	slower=$(python3 "$ROOT/tests/lib/accel.py") || exit 2
fi

mkdir -p "$LOGS"
if printf '%s\n' "${names[@]}" | grep -q '^unit'; then
	make -s -k -j "${jobs:-2}" -C "$ROOT/tests" build-unit > "$LOGS/make.log" 2>&1
fi

declare -A running=() logs=() began=()
took=()
red=()
passed=0
failed=0
skipped=0
trap interrupted INT TERM

for i in "${!names[@]}"; do
	while [ ${#running[@]} -ge "$(jobs_for "${names[$i]}")" ]; do
		reap
	done
	log=$LOGS/${names[$i]//\//-}.log
	run_one "${names[$i]}" "${paths[$i]}" "$log" > "$log" 2>&1 < /dev/null &
	running[$!]=${names[$i]}
	logs[$!]=$log
	began[$!]=$SECONDS
done
while [ ${#running[@]} -gt 0 ]; do
	reap
done

print_slowest
print_failed
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
