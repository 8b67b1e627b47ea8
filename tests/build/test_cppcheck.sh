#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cppcheck over everything that runs in user space.

. "$(dirname "$0")/sources.sh"
need cppcheck

# variableScope: kernel style declares at the head of the function.
# unusedStructMember, unmatchedSuppression: headers are looked at one file at a time.
user_sources | grep -v '^tests/' |
	xargs cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
		--enable=warning,style,performance,portability \
		--suppress=variableScope --suppress=unusedStructMember \
		--suppress=unmatchedSuppression --suppress=missingIncludeSystem -I.
