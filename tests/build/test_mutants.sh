#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mutation check: with one safety rule taken out of the source, the unit test that
# guards it must fail. A mutant that survives means that the test sees nothing.

set -eu

cd "$(dirname "$0")/../.."
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# Seconds after which a test hangs; each takes less than one.
LIMIT=240
# One that a mutant makes hang has noticed it.
MUTANT_LIMIT=60

# objects TEST - "OBJECT SOURCE" of everything that `make` has linked a unit test from
objects()
{
	local source=tests/unit/$1.c rigs own=unit part

	[ ! -d "build/tests/obj/unit-$1" ] || own=unit-$1
	rigs=$(sed -n 's,^/\* rig: \(.*\) \*/$,\1,p' "$source")
	# shellcheck disable=SC2086
	for part in "$source" $(sed -n 's,^/\* links: \(.*\) \*/$,\1,p' "$source" $rigs); do
		echo "build/tests/obj/$own/${part%.c}.o $part"
	done
}

# compile TEST BINARY MUTANT - build a unit test of a mutant; what nothing of the mutant is in
# is taken as `make` has compiled it
compile()
{
	local source=tests/unit/$1.c tree=$WORK/$3 files=() broken libs rigs object part

	broken=$(sed -n 's,^+++ b/,,p' "tests/mutants/$3.patch" | tr '\n' '|')
	while read -r object part; do
		if grep -qE "(^|[/ ])(${broken%|})( |:|\$)" "${object%.o}.d"; then
			files+=("$tree/$part")
		else
			files+=("$object")
		fi
	done < <(objects "$1")
	rigs=$(sed -n 's,^/\* rig: \(.*\) \*/$,\1,p' "$source")
	# shellcheck disable=SC2086
	libs=$(sed -n 's,^/\* libs: \(.*\) \*/$,\1,p' "$source" $rigs)
	# shellcheck disable=SC2046,SC2086
	${CC:-gcc} -std=gnu11 -g -O1 -I"$tree" -I"$tree/include" \
		$(sed -n "s,^/\* includes: \(.*\) \*/$,-I$tree/\1,p" "$source") \
		-o "$2" "${files[@]}" \
		${libs:+$(pkg-config --cflags --libs $libs)} -lcmocka -pthread
}

# must_fail MUTANT TEST - the test passes without mutants/MUTANT.patch and fails with it
must_fail()
{
	local mutant=$1 name=$2 whole=build/tests/unit/$2

	[ -d "$WORK/$mutant" ] || tests/mutants/tree.sh "$mutant" "$WORK/$mutant"
	compile "$name" "$WORK/mutant" "$mutant"
	if ! timeout "$LIMIT" "$whole" >"$WORK/log" 2>&1; then
		cat "$WORK/log"
		echo "$name fails without a mutant"
		exit 1
	fi
	if timeout "$MUTANT_LIMIT" "$WORK/mutant" >"$WORK/log" 2>&1; then
		echo "$name does not notice $mutant"
		exit 1
	fi
	echo "$mutant: $name fails, as it must"
}

if ! echo 'int main(void){return 0;}' | ${CC:-gcc} -xc - -lcmocka -o "$WORK/probe" 2>/dev/null; then
	echo "cmocka is missing: install libcmocka-dev"
	exit 77
fi

# Mutants of the module are built for kernels of their own only, which no ordinary run does.
for patch in tests/mutants/*.patch; do
	tests/mutants/tree.sh "$(basename "$patch" .patch)" "$WORK/tree"
done

# One make for all: each reads the heads of all tests.
sed -n "s,^must_fail [^ ]* \([a-z_]*\)$,$PWD/build/tests/unit/\1,p" tests/build/test_mutants.sh |
	sort -u | xargs make -s -C tests

# rule 1: the dirty log is armed before the guest looks
must_fail no-arm test_arm
must_fail no-arm test_precopy
must_fail no-resync-check test_precopy
# rule 2: the guest looks under the lock; a copy that a new round overtook is void
must_fail no-confirm test_free_scan
must_fail no-recheck test_host_snapshot
# rule 3: the gate closes before a sync, and waits for what is being applied
must_fail no-gate test_precopy
must_fail no-gate test_round_pays
must_fail no-wait test_gate_close
# the stop is held until the first pass is sent
must_fail no-stop-hold test_stop_hold
# rule 4: ids of another process do not match
must_fail fixed-ids test_round_gate
# a round and an offer end when the guest may lose its stores
must_fail no-unmap test_bar_listener
must_fail no-unmap test_offer
# postcopy: what is skipped is set dirty, less what was written; nothing is made zero under
# a guest that runs
must_fail no-redirty test_switchover
must_fail no-log test_skipped
must_fail zero-on test_switchover
# a page that is set dirty is translated anew under TCG
must_fail hides-code test_dirty_log
# giving back: the guest has its blocks again when the host is done with them and not before,
# and nothing is discarded during a migration
must_fail done-early test_offer
must_fail no-second-look test_offer
must_fail no-migration-check test_offer
must_fail no-migration-check test_give_back
