#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the kernel that Linux guests need under this machine's KVM, where that is none
# of a distribution. Usage: for_kvm.sh [yes|no], where "no" installs no packages. What is
# missing is said here, and by the tests that are skipped for it.

set -eu

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

[ "$(python3 "$HERE/../lib/host_kvm.py")" = interpreting ] || exit 0
if [ "${1:-no}" != no ] && ! "$HERE/../deps.sh" interpreted; then
	echo "for_kvm.sh: no kernel for Linux guests under KVM: its source is not there" >&2
	exit 0
fi
"$HERE/build.sh" interpreted > /dev/null ||
	echo "for_kvm.sh: no kernel for Linux guests under KVM: see above" >&2
