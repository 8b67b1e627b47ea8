#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cppcheck over everything that runs in user space.

. "$(dirname "$0")/sources.sh"
need cppcheck

# variableScope: kernel style declares at the head of the function.
# unusedStructMember, unmatchedSuppression: headers are looked at one file at a time.
# FREEHINT_MUTANT_*: wrong on purpose.
user_sources | grep -v '^tests/' |
	xargs cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
		--enable=warning,style,performance,portability \
		--suppress=variableScope --suppress=unusedStructMember \
		--suppress=unmatchedSuppression --suppress=missingIncludeSystem \
		-UFREEHINT_MUTANT_NO_ARM -UFREEHINT_MUTANT_NO_GATE \
		-UFREEHINT_MUTANT_FIXED_IDS -I.
