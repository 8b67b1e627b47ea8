#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Free memory that is given back: who owns a block at each step, and the bytes of an offer
# and of its answer with stores and loads out of order; and every rule taken out in turn.
# time limit: 600 s

. "$(dirname "$0")/model.sh"

proves give_back
for bug in ANSWER_BEFORE_DISCARD PUT_BACK_ON_TIMEOUT NOT_WITHDRAWN OLD_SEQUENCE \
	   SEQUENCE_REPEATED DISCARD_AFTER_SWITCH DISCARD_AFTER_RESET DISCARD_AFTER_LOADVM \
	   DARK_IS_NO_HOST NOT_REPEATED; do
	finds give_back "-DBUG_$bug"
done

# Two rules against the offer of an earlier kernel. One is enough; without both it is taken.
holds give_back -DNO_CLEAR
holds give_back -DNO_SESSION_CHECK
finds give_back -DNO_CLEAR -DNO_SESSION_CHECK

# Spin 6.5 takes a test of one channel of an array for independent of the others.
export PAN_FLAGS=-DNOREDUCE

proves offer
for bug in PLAIN_SEQUENCE NO_OFFER_FLUSH NO_READ_BACK NO_GUEST_FENCE PUT_BACK_ON_TIMEOUT \
	   NOT_WITHDRAWN WITHDRAWAL_LOST NO_LOOK_BETWEEN ONE_LOOK NO_HOST_FENCE OLD_SEQUENCE \
	   ANSWER_BEFORE_DISCARD PLAIN_ANSWER PLAIN_COPY NO_COPY_FENCE NO_COPY_RECHECK; do
	finds offer "-DBUG_$bug"
done
