# SPDX-License-Identifier: GPL-2.0
#
# Sourced by the tests of the models: builds a verifier, reads its verdict, and
# compares it with what is expected.
# shellcheck shell=bash

set -eu

MODELS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

command -v spin > /dev/null || { echo "spin is missing: install the package spin"; exit 77; }

# One more flag for the verifier's compiler, set by a test that needs it.
PAN_FLAGS=-DSAFETY

fail()
{
	cat report
	echo "$1"
	exit 1
}

# A soak has so many states that they are stored compressed, which takes half as long again.
STORE=
[ "${FREEHINT_SOAK:-1}" = 1 ] || STORE=-DCOLLAPSE

# verify OPTIMIZATION LIMITS MODEL [-D...] - run the verifier; its words go to the file "report"
verify()
{
	local level=$1 limits=$2 model=$3

	shift 3
	spin "$@" -a "$MODELS/$model.pml" > report || fail "$model: spin refuses the model"
	# -w: the code that spin makes is not ours to clean
	# shellcheck disable=SC2086 # words are meant
	${CC:-gcc} "$level" -w -DSAFETY -DNOFAIR $STORE "$PAN_FLAGS" -o pan pan.c
	# shellcheck disable=SC2086
	./pan $limits > report
	grep -q 'errors:' report || fail "$model $*: the verifier did not finish"
	! grep -q 'max search depth too small' report || fail "$model $*: search cut short"
}

states()
{
	grep -o '[0-9]* states, stored' report
}

# holds MODEL [-D...] - no assertion can fail; the verifier runs for longer than it compiles
holds()
{
	verify -O1 -m2000000 "$@"
	grep -q 'errors: 0' report || fail "$*: a property does not hold"
	echo "$*: holds, $(states)"
}

# proves MODEL [-D...] - as above, and no statement of the model is out of reach
proves()
{
	holds "$@"
	# the end of a process that never ends is reached by nobody
	! grep 'state [0-9]*, "' report | grep -v '"-end-"' > unreached ||
		fail "$*: statements that nothing reaches: $(cat unreached)"
}

# finds MODEL [-D...] - an assertion fails; a deadlock would be a mistake of the model. The
# verifier stops at once, so most of the time goes into its compilation, and memory for
# millions of states would take half as long again.
finds()
{
	verify -O0 "-m200000 -w18" "$@"
	grep -q 'assertion violated' report || fail "$*: the planted bug was not found"
	echo "$*: found"
}
