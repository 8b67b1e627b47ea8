#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fetches and builds what arm64 guests need for the part of `make check` that has them. Usage:
# for_arm64.sh [yes|no], where "no" installs no packages. What is missing is said here, and by
# the test that is skipped for it.

set -eu

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ "${1:-no}" != no ] && ! "$HERE/../deps.sh" arm64; then
	echo "for_arm64.sh: no arm64 guests: packages are not there" >&2
	exit 0
fi
"$HERE/archive.sh" cloud-arm64 always-dead >/dev/null ||
	echo "for_arm64.sh: no arm64 guests: see above" >&2
