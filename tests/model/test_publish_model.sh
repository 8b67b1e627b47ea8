#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The bytes on their way through the shared memory, with stores and loads out of
# order; and every fence and every second look taken out in turn.

. "$(dirname "$0")/model.sh"

# Spin 6.5 takes a test of one channel of an array for independent of the others.
export PAN_FLAGS=-DNOREDUCE

proves publish
for bug in NO_MARK_FENCE NO_ROUND_FENCE PLAIN_ADVANCE NO_SEAL_FENCE PLAIN_SEAL \
	   NO_SEAL_FLUSH NO_WITHDRAW_FLUSH PLAIN_MARK_LOAD NO_LOAD_FENCE NO_RECHECK; do
	finds publish "-DBUG_$bug"
done

proves request
for bug in NO_REQUEST_FENCE PLAIN_REQUEST PLAIN_INSTANCE PLAIN_ROUND_LOAD \
	   NO_REQUEST_LOAD_FENCE NO_REQUEST_RECHECK NO_INSTANCE_RECHECK; do
	finds request "-DBUG_$bug"
done

proves hello
for bug in NO_WITHDRAW_FENCE PLAIN_HELLO NO_HELLO_FLUSH PLAIN_INSTANCE_LOAD NO_LOAD_FENCE \
	   NO_RECHECK; do
	finds hello "-DBUG_$bug"
done
