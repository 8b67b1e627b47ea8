#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Copies the sources and breaks one rule in the copy: tree.sh NAME DIRECTORY applies
# NAME.patch from the directory of this script. A patch that does not apply is an error:
# a test of a mutant without its bug shows nothing.
set -eu

[ $# -eq 2 ] || {
	echo "usage: tree.sh NAME DIRECTORY" >&2
	exit 2
}
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
patch=$ROOT/tests/mutants/$1.patch

rm -rf "$2"
mkdir -p "$2"
cd "$ROOT"
# A build of the module that runs beside this one makes and removes files.
find guest-kmod host-agent include proto tests/fakes tests/unit -ignore_readdir_race \
	-name '.tmp_*' -prune -o -type f ! -name '.*' \
	! -name '*.o' ! -name '*.ko' ! -name '*.mod*' ! -name 'modules.order' ! -name '*.symvers' \
	-exec cp --parents --preserve -t "$2" {} +
patch -d "$2" -p1 --fuzz=0 --forward --quiet --no-backup-if-mismatch <"$patch" || {
	echo "tree.sh: $1.patch does not apply any more, make it anew" >&2
	exit 1
}
