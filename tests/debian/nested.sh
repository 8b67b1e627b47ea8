#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# On a Debian host: passes one request (tests/vm/guest/init.c) on to a guest's control socket and
# prints the answer. Usage: nested.sh SOCKET SECONDS ID MILLISECONDS COMMAND-IN-HEX

coproc PORT { exec nc -U "$1"; }
# shellcheck disable=SC2154 # coproc sets it
trap 'kill "$PORT_PID" 2>/dev/null' EXIT
printf '\nFHQ %s %s %s\n' "$3" "$4" "$5" >&"${PORT[1]}"
until=$((SECONDS + $2))
while [ $SECONDS -lt $until ] && IFS= read -r -t "$2" line <&"${PORT[0]}"; do
	case $line in
	*"FHA $3 "*END*)
		printf '%s\n' "$line"
		exit 0
		;;
	esac
done
exit 1
