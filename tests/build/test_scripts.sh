#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Shell and Python scripts: they parse, and shellcheck has nothing to say.

. "$(dirname "$0")/sources.sh"

status=0
project_files | grep '\.py$' | python3 -c '
import ast, sys
for path in sys.stdin.read().splitlines():
	with open(path, encoding="utf-8") as file:
		ast.parse(file.read(), path)' || status=1

mapfile -t scripts < <({
	project_files | xargs -d '\n' awk 'FNR == 1 && /^#!.*\/(env )?(ba|da)?sh/ { print FILENAME }
		{ nextfile }'
	project_files | grep '\.sh$'
} | sort -u)
for file in "${scripts[@]}"; do
	bash -n "$file" || status=1
done
if command -v shellcheck > /dev/null; then
	# SC1091: sourced files are checked on their own.
	printf '%s\n' "${scripts[@]}" |
		xargs shellcheck -e SC1091 -S warning || status=1
else
	echo "skipped: shellcheck is not installed"
fi
exit $status
