#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The barriers of freehint.ko order write-combining memory: on x86 sfence and lfence. The
# compiler barriers that smp_wmb() and its relatives are there would not, and no other test
# could see it, because TCG ignores memory types.

set -eu

cd "$(dirname "$0")/../.."
MODULE=build/freehint.ko

[ -e $MODULE ] || { echo "$MODULE was not built"; exit 77; }
readelf -h $MODULE | grep -q X86-64 || { echo "$MODULE is not for x86"; exit 77; }
listing=$(mktemp)
trap 'rm -f "$listing"' EXIT
objdump -d --no-show-raw-insn $MODULE > "$listing"
status=0

# has FUNCTION INSTRUCTION COUNT - at least so many; more if others are inlined
has()
{
	local count

	count=$(awk -v name="<$1>:" -v what="$2" '
		/>:$/ { inside = $2 == name; found += inside }
		inside && $0 ~ what { count++ }
		END { print found ? count + 0 : "none: no such function" }' "$listing")
	echo "$1: $2: $count"
	[ "$count" -ge "$3" ] 2> /dev/null || { echo "$3 were expected"; status=1; }
}

has freehint_publisher_attach lfence 1
has freehint_read_request lfence 2
has freehint_publish_hello sfence 2
has freehint_withdraw sfence 1
has freehint_beat sfence 1
has freehint_open_round sfence 2
has freehint_advance sfence 1
has freehint_advance_current mfence 1
has freehint_seal_round sfence 3
has freehint_read_give_back_request lfence 2
has freehint_clear_offer sfence 1
has freehint_publish_offer sfence 3
has freehint_publish_offer mfence 1
has freehint_withdraw_offer mfence 2
has freehint_offer_answer lfence 1
has freehint_publish_give_back sfence 3
exit $status
