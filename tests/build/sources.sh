# SPDX-License-Identifier: GPL-2.0
#
# Sourced by the checks: goes to the top of the tree, says which files there are, and has
# what several checks call.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

# Every file that belongs to the project, committed or about to be.
project_files()
{
	if git rev-parse --git-dir > /dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard |
			while read -r path; do
				[ -f "$path" ] && echo "$path"
			done
	else
		find . -path ./build -prune -o -type f -print | sed 's|^\./||' | sort
	fi
}

# C of user space: what is not a kernel module and not a guest's own program.
user_sources()
{
	project_files | grep -E '^(proto|host-agent|tests/(bench|unit|fakes|kvm|fuzz))/.*\.c$'
}

# What the agent, the extension and the unit tests include.
package_cflags()
{
	pkg-config --cflags liburing jansson libseccomp libcap-ng libpng libxml-2.0 cmocka
}

# need PROGRAM: skip the whole test where a program is missing.
need()
{
	command -v "$1" > /dev/null && return
	echo "skipped: $1 is not installed"
	exit 77
}

# expect WANTED SEEN WHAT: fail the test when they differ.
expect()
{
	if [ "$1" != "$2" ]; then
		printf '%s: expected "%s", got "%s"\n' "$3" "$1" "$2"
		exit 1
	fi
}
