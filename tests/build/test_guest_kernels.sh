#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
#
# The module compiles without a warning for the oldest kernel that it supports, and for kernels
# whose spinlocks sleep: headers of the archive, which archive.sh fetches and nobody installs.
# Without the archive the test is skipped; what was fetched before is used without it.
# The archive has the last 5.10 only. So what the module takes from that kernel is compared with
# what 5.10.0 had (tests/golden/kernel_symbols.txt).
# Also: which headers are those of a kernel that records which free pages are zero.

set -eu

cd "$(dirname "$0")/../.."
NOT_HERE=77
log=$(mktemp)
headers=$(mktemp -d)
trap 'rm -rf "$log" "$headers"' EXIT
built=0

# flags_of HEADER LINE - prints the module's flags for a kernel whose HEADER has LINE
flags_of()
{
	local linux=$headers/include/linux

	mkdir -p "$linux"
	echo 'enum pageflags { PG_locked };' >"$linux/page-flags.h"
	echo 'enum page_ext_flags { PAGE_EXT_OWNER };' >"$linux/page_ext.h"
	printf '%s\n' '/* Of a zeroed page; */' 'struct page_reporting_dev_info {' \
		'/* Max pages per batch; 0 or zero means 32 (see non-zero) */' \
		'unsigned int capacity;' '};' 'int zero_pages(void);' >"$linux/page_reporting.h"
	sed -i "/^struct\\|^enum/a $2" "$linux/$1"
	printf '%s\n' 'if_changed_rule =' 'include guest-kmod/Kbuild' 'flags:' \
		'	@echo $(ccflags-y)' 'FORCE:' |
		env -u MAKEFLAGS -u MFLAGS \
			make -s -f - srctree="$headers" src=guest-kmod obj="$headers" flags
}

# records HEADER LINE - such a kernel records which free pages are zero
records()
{
	flags_of "$@" | grep -q COMPAT_HAS_ZEROED_FLAG
}

# A reporting driver tells the kernel that what it has reported is zero.
finds_kernels_that_record_zeros()
{
	local line

	for line in 'bool host_zeroes_pages;' 'unsigned int zeroed:1;' 'bool zero : 1;' \
		'  u8 idle, zeroed; /* of */' \
		'bool (*is_zero)(struct page_reporting_dev_info *prdev);'; do
		records page_reporting.h "$line" && continue
		echo "a kernel is not known to record zero pages: $line"
		exit 1
	done
	for line in page-flags.h:PG_zeroed page_ext.h:PAGE_EXT_ZEROED; do
		records "${line%:*}" "enum { ${line#*:} };" && continue
		echo "a kernel is not known to record zero pages: $line"
		exit 1
	done
	for line in 'unsigned int order;' '/* nonzero */' '/* A batch is not zero; see above */' \
		'unsigned int idle; /* may be zero; */' '/* Set up\n * for zero;\n */' \
		'int (*more)(void); /* (*zero) */'; do
		records page_reporting.h "$line" || continue
		echo "a kernel is said to record zero pages: $line"
		exit 1
	done
	echo "kernels that record zero pages are found"
}

# build [OPTION VALUE] FLAVOUR
build()
{
	local status=0

	tests/kernel/archive.sh -H "$@" >"$log" 2>&1 || status=$?
	if [ $status = $NOT_HERE ]; then
		grep '^archive.sh: skipped' "$log" | sed 's/^archive.sh: //'
	elif [ $status != 0 ] || grep -q 'warning:' "$log"; then
		cat "$log"
		echo "the module does not build cleanly for $*"
		exit 1
	else
		echo "built for $*"
		built=$((built + 1))
	fi
}

# old_symbols - what the module that was built last wants, and 5.10.0 was not found to have
old_symbols()
{
	local module more

	module=$(tail -n 1 "$log")/freehint.ko
	more=$(nm -u "$module" | awk '{ print $2 }' | LC_ALL=C sort |
		LC_ALL=C comm -23 - <(grep -v '^#' tests/golden/kernel_symbols.txt))
	[ -z "$more" ] && return
	echo "the module uses what Linux 5.10.0 may not have:" $more
	echo "if it does, add the names to tests/golden/kernel_symbols.txt"
	exit 1
}

finds_kernels_that_record_zeros
build -s bullseye cloud-amd64
[ $built = 0 ] || old_symbols
build -s bullseye rt-amd64
build 6.12-rt-amd64
[ $built -gt 0 ] || exit $NOT_HERE
