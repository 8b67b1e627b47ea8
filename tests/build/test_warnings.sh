#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every C file of user space, alone, with gcc and with clang, with more warnings
# than the build asks for, all of them errors.

. "$(dirname "$0")/sources.sh"

WARNINGS=(-Wall -Wextra -Werror -Wshadow -Wvla -Wpointer-arith -Wundef -Wwrite-strings
	  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
	  -Wimplicit-fallthrough -Wformat=2)
read -ra PACKAGES <<< "$(package_cflags)"
status=0
compilers=0

for cc in gcc clang; do
	if ! command -v $cc > /dev/null; then
		echo "skipped: $cc is not installed"
		continue
	fi
	compilers=$((compilers + 1))
	# A long string in a list of strings is not a forgotten comma.
	quiet=()
	[ $cc = clang ] && quiet=(-Wno-string-concatenation)
	while read -r file; do
		# A test, and a function that stands in for another, may leave one unused.
		unused=-Wunused-parameter
		[ "${file#tests/}" = "$file" ] || unused=-Wno-unused-parameter
		read -ra own < <(sed -n 's,^/\* includes: \(.*\) \*/$,-I\1,p' "$file") || :
		$cc -std=gnu11 -fsyntax-only "${WARNINGS[@]}" "${quiet[@]}" $unused \
			"${PACKAGES[@]}" "${own[@]}" -I. -Iinclude "$file" || status=1
	done < <(user_sources)
done
[ $compilers -gt 0 ] || exit 77
exit $status
