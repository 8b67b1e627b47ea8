#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# clang-tidy over everything that runs in user space; a .clang-tidy at the top of
# the tree takes the place of the checks listed here.

. "$(dirname "$0")/sources.sh"
need clang-tidy

CHECKS=(
	-*
	bugprone-*
	cert-err34-c
	clang-analyzer-*
	misc-redundant-expression
	performance-*
	readability-misleading-indentation
	readability-redundant-control-flow
	# (start, end) and (round, pass) are how this code names its numbers
	-bugprone-easily-swappable-parameters
	# u64 to int64_t and back at QEMU's and io_uring's borders
	-bugprone-narrowing-conversions
	# _GNU_SOURCE
	-bugprone-reserved-identifier
	# if (a) ... in C without an else that returns
	-bugprone-branch-clone
	# casts to what %llu takes are not there to widen anything
	-bugprone-misplaced-widening-cast
	# wants memcpy_s(), which no C library here has
	-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling
	# packing a struct for size is decided by cache lines, not by the checker
	-clang-analyzer-optin.performance.Padding
)

args=(--quiet --warnings-as-errors='*')
[ -f .clang-tidy ] || args+=(--checks="$(IFS=,; echo "${CHECKS[*]}")")
read -ra packages <<< "$(package_cflags)"

user_sources | grep -v '^tests/' | xargs -P 2 -I{} \
	clang-tidy "${args[@]}" {} -- -std=gnu11 -I. "${packages[@]}" 2>&1 |
	grep -v -E '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter'
[ "${PIPESTATUS[2]}" -eq 0 ]
