#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every target runs every input that is kept for it, with a plain driver: any
# compiler with AddressSanitizer will do.
# time limit: 600 s

. "$(dirname "$0")/lib.sh"

build_targets replayers || exit 1
status=0
for target in $(fuzz_targets); do
	if [ ! -d "$CORPUS/$target" ]; then
		echo "$target has no corpus"
		status=1
	elif ! "$FUZZ/replay/$target" "$CORPUS/$target" > "$FUZZ/replay/$target.log" 2>&1; then
		tail -n 40 "$FUZZ/replay/$target.log"
		echo "$target failed"
		status=1
	else
		echo "$target: $(tail -n 1 "$FUZZ/replay/$target.log")"
	fi
done
exit $status
