#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Shell and Python scripts: they parse, and shellcheck has nothing to say.

. "$(dirname "$0")/sources.sh"

status=0
while read -r file; do
	python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' \
		"$file" || status=1
done < <(project_files | grep '\.py$')

mapfile -t scripts < <(project_files | while read -r file; do
	head -n 1 "$file" | grep -qaE '^#!.*/(env )?(ba|da)?sh' && echo "$file"
done; project_files | grep '\.sh$')
for file in "${scripts[@]}"; do
	bash -n "$file" || status=1
done
if command -v shellcheck > /dev/null; then
	# SC1091: sourced files are checked on their own.
	printf '%s\n' "${scripts[@]}" | sort -u |
		xargs shellcheck -e SC1091 -S warning || status=1
else
	echo "skipped: shellcheck is not installed"
fi
exit $status
