/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A QEMU that plays a migration, state by state, for freehint migrate; and the run of that.
 */
#ifndef FREEHINT_FAKE_MIGRATION_H
#define FREEHINT_FAKE_MIGRATION_H

#include <pthread.h>

#include "fake_qmp_server.h"
#include "host-agent/cli/commands.h"

#define MOST_STATES	8

/**
 * struct play - a QEMU and its migration
 * @server:    who answers
 * @thread:    in which it does
 * @state:     what query-migrate says, one after the other, the last for ever
 * @interrupt: Ctrl-C comes with this look, from 1 on; 0: never
 * @signal:    that is meant by Ctrl-C
 * @again:     and once more, half a second later or more
 * @early:     Ctrl-C comes with the first command of all
 * @earlier:   what query-migrate says before this migration, NULL: "none"
 * @refuse:    the command that is refused; a look: once the migration has begun
 * @hang_up:   the connection breaks at this look
 * @drop:      the connection breaks before this command is taken, the first time
 * @lose:      the connection breaks before this command is answered, the first time
 * @gone:      after any of the three nobody can connect
 * @pressing:  Ctrl-C comes with any of the three
 * @unlimited: no limits are asked for
 * @plain:     nor hints
 * @limit:     the downtime limit that is asked for, NULL: "1"
 * @held:      so often the limit of a held stop is shown after the migration began
 * @mute:      from this command on QEMU says nothing, not even to another connection
 * @mute_at:   the same, from this look on
 * @late:      the first answer to this command, after "migrate" if it is a look, is a second late
 * @pressed:   and Ctrl-C comes meanwhile, again and again, until the tool hangs up
 * @garbled:   the bandwidth is said with a digit too many for any reader
 * @unreadable: the answers to this command are no JSON
 * @unreadable_looks: so many answers after the first look are none
 * @sealed:    rounds of this migration that the guest has sealed
 * @earlier_sealed: they were those of the migration before
 * @hinted:    in the last of them a command has come
 * @commands:  so many commands of the agent came during this migration, refused ones too
 * @stuck:     a cancellation does not end
 * @meddler:   somebody else sets the bandwidth to this when the migration begins
 *
 * @id:        of the command
 * @losing:    the next answer is lost
 * @silent:    @mute or @mute_at has come: Ctrl-C comes again and again, until the tool ends
 * @steps:     of the server since then
 * @looks:     query-migrate commands
 * @cancels:   migrate_cancel commands, refused ones too
 * @begun:     migrate was taken
 * @bandwidth, @downtime, @reporting: what can be put back
 * @over:      the tool has ended
 * @text:      what it printed
 */
struct play {
	struct fake_qmp server;
	pthread_t thread;
	const char *state[MOST_STATES];
	int interrupt;
	int signal;
	bool again;
	bool early;
	const char *earlier;
	const char *refuse;
	int hang_up;
	const char *drop;
	const char *lose;
	bool gone;
	bool pressing;
	bool unlimited;
	bool plain;
	const char *limit;
	int held;
	const char *mute;
	int mute_at;
	const char *late;
	bool pressed;
	bool garbled;
	const char *unreadable;
	int unreadable_looks;
	int sealed;
	bool earlier_sealed;
	bool hinted;
	int commands;
	bool stuck;
	long long meddler;

	long long id;
	bool losing;
	bool silent;
	unsigned int steps;
	int looks;
	int cancels;
	bool begun;
	long long bandwidth;
	long long downtime;
	bool reporting;
	volatile bool over;
	char text[4096];
};

extern struct play play;

/** play_setup() - a QEMU that migrates without trouble */
int play_setup(void **state);

/** play_teardown() - end it */
int play_teardown(void **state);

/** play_run() - run the tool with new limits; what it said to standard error is in @text */
enum cli_exit play_run(void);

/** play_assert_put_back() - limits and reporting are as they were at first */
void play_assert_put_back(void);

/** play_assert_still_changed() - limits and reporting are as the tool wanted them */
void play_assert_still_changed(void);

/** play_times_said() - how often the tool said that */
unsigned int play_times_said(const char *what);

#endif /* FREEHINT_FAKE_MIGRATION_H */
