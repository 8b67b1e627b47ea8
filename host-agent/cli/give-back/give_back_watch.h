/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watches how a guest gives memory back, until it has no more.
 */
#ifndef FREEHINT_CLI_GIVE_BACK_WATCH_H
#define FREEHINT_CLI_GIVE_BACK_WATCH_H

#include "../qmp/qmp_call.h"
#include "host-agent/common/give_back_status.h"

/**
 * enum give_back_end - how the watch ended
 * @GIVE_BACK_DRAINED:     the guest has nothing more to give
 * @GIVE_BACK_INTERRUPTED: Ctrl-C, or the terminal is gone
 * @GIVE_BACK_STOPPED:     another client has turned it off
 * @GIVE_BACK_REFUSED:     something that does not pass by itself stands against it; now.refused
 * @GIVE_BACK_LOST:        QEMU does not answer; call->error is set
 * @GIVE_BACK_REPLACED:    another QEMU answers, which was told nothing
 */
enum give_back_end {
	GIVE_BACK_DRAINED,
	GIVE_BACK_INTERRUPTED,
	GIVE_BACK_STOPPED,
	GIVE_BACK_REFUSED,
	GIVE_BACK_LOST,
	GIVE_BACK_REPLACED,
};

/**
 * struct give_back_watch - a watch
 * @call:   connection; opened again when it breaks
 * @quiet:  show no progress
 * @mode:   what QEMU was told
 * @order:  smallest block that QEMU was told, -1: none was given
 * @before: status before QEMU was told to ask
 * @now:    last status
 * @instance: number of the shared memory in the last status
 * @renewed: call->renewed at the last status
 * @replaced: that status was another QEMU's
 * @maybe_reset: or the same one's, which lost its connection while its guest was reset
 * @since_us: when the watch began, monotonic microseconds
 * @paused: last reason that was printed
 * @explained: the user was told what is missing
 * @refusals: statuses in a row that named a refusal
 */
struct give_back_watch {
	struct qmp_call *call;
	bool quiet;
	enum give_back_mode mode;
	long long order;
	struct give_back_status before;
	struct give_back_status now;
	u64 instance;
	unsigned int renewed;
	bool replaced;
	bool maybe_reset;
	unsigned long long since_us;
	char paused[GIVE_BACK_TEXT];
	bool explained;
	unsigned int refusals;
};

/** give_back_begin() - read the status, for @before and @now; Return: false with the error set */
bool give_back_begin(struct give_back_watch *watch);

/**
 * give_back_look() - read the status again, for @now
 *
 * Return: false with call->error set, or with @replaced: then @now is that of before.
 */
bool give_back_look(struct give_back_watch *watch);

/** give_back_watch() - watch until there is nothing more to watch; calls progress_end() */
enum give_back_end give_back_watch(struct give_back_watch *watch);

#endif /* FREEHINT_CLI_GIVE_BACK_WATCH_H */
