#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A switch to postcopy in any state of the rounds, and each of its rules taken out in turn.

. "$(dirname "$0")/model.sh"

proves switch
proves switch -DPAUSE
for bug in NO_REDIRTY NO_LOG NO_LOOK LOOK_EARLY NO_DOUBT NO_WAIT ZERO_ON; do
	finds switch "-DBUG_$bug"
done
finds switch -DPAUSE -DBUG_NO_MAKE_UP
