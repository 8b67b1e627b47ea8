/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A QMP server that plays a QEMU with the extension: answers what the agent asks
 * from fields a test sets, and records the hints it is sent.
 */
#ifndef FREEHINT_FAKE_QMP_SERVER_H
#define FREEHINT_FAKE_QMP_SERVER_H

#include <jansson.h>

#include "include/freehint/qmp_names.h"
#include "include/freehint/shm_layout.h"
#include "include/freehint/types.h"

#define FAKE_QMP_BUFFER		65536
#define FAKE_QMP_FDS		16
#define FAKE_QMP_RANGES		65536

/**
 * struct fake_qmp - the server; a test sets the first group and reads the second
 * @path:       socket
 * @runstate:   answer to query-status
 * @status:     answer to query-migrate, NULL for none
 * @timeless: query-migrate does not tell how long it took
 * @state:      "state" of x-query-freehint
 * @instance:   "instance" of x-query-freehint
 * @size:       "region.size" of x-query-freehint
 * @refuses:    "refused" of x-query-freehint, NULL for none
 * @bare:       QEMU without the extension
 * @mute:       answers nothing but the negotiation
 * @refusal:    description of the error that mark-clean gets, or NULL
 * @can_give_back: the extension knows the commands that give memory back
 * @can_wake:   the extension knows the command that lets the agent sleep
 * @mode:       "mode" of the member give-back; a command that is taken changes it
 * @asking:     "asking" of that member; a command that is taken changes it
 * @drained:    "drained" of that member
 * @order, @leaves: "order" and "leave" of that member; a command that is taken changes neither
 * @bytes:      "bytes" of that member
 * @resident:   "resident" of that member
 * @paused:     "paused" of that member
 * @back_refused: "refused" of that member
 * @guest_left: no module has published a hello
 * @give_back_refusal: description of the error that give-back gets, or NULL
 * @discard_refusal: description of the error that discard gets, or NULL
 * @greeting:   what is said to who connects, "" for nothing
 * @meddle:     sees every command first, or NULL; true when it has dealt with it
 * @crumbs:     sends byte by byte
 *
 * @connections: accepted so far
 * @commands:   received
 * @queries:    x-query-freehint commands
 * @marks:      mark-clean commands taken
 * @refused:    mark-clean commands refused
 * @lasts:      mark-clean commands with last=true
 * @give_backs: give-back commands, refused ones too
 * @leave:      "leave" of the last one
 * @discards:   discard commands, refused ones too
 * @offer:      offer of the last one
 * @discarded:  its ranges, @discard_count of them
 * @round:      round of the last mark-clean
 * @ranges:     all ranges taken, @count of them
 *
 * @wake:       socket that wakes the agent, -1: none
 *
 * @listener, @fd, @buffer, @used, @fds, @passed: the server's own
 */
struct fake_qmp {
	char path[100];
	const char *runstate;
	const char *status;
	bool timeless;
	const char *state;
	u64 instance;
	u64 size;
	const char *refuses;
	bool bare;
	bool mute;
	const char *refusal;
	bool can_give_back;
	bool can_wake;
	const char *mode;
	bool asking;
	bool drained;
	u64 order;
	u64 leaves;
	u64 bytes;
	u64 resident;
	const char *paused;
	const char *back_refused;
	bool guest_left;
	const char *give_back_refusal;
	const char *discard_refusal;
	const char *greeting;
	bool (*meddle)(struct fake_qmp *server, const char *name, json_int_t id);
	bool crumbs;

	unsigned int connections;
	unsigned int commands;
	unsigned int queries;
	unsigned int marks;
	unsigned int refused;
	unsigned int lasts;
	unsigned int give_backs;
	u64 leave;
	unsigned int discards;
	u64 offer;
	struct freehint_range discarded[FREEHINT_OFFER_BLOCKS];
	unsigned int discard_count;
	u64 round;
	struct freehint_range ranges[FAKE_QMP_RANGES];
	unsigned int count;

	int wake;

	int listener;
	int fd;
	char buffer[FAKE_QMP_BUFFER];
	size_t used;
	int fds[FAKE_QMP_FDS];
	int passed;
};

/** fake_qmp_listen() - make the socket; Return: 0 or negative errno */
int fake_qmp_listen(struct fake_qmp *server, const char *path);

/** fake_qmp_hang_up() - close the connection, go on listening */
void fake_qmp_hang_up(struct fake_qmp *server);

/** fake_qmp_close() - end the server, remove the socket */
void fake_qmp_close(struct fake_qmp *server);

/** fake_qmp_send() - say something, as it stands */
void fake_qmp_send(struct fake_qmp *server, const char *text);

/** fake_qmp_sendf() - say something shorter than FAKE_QMP_BUFFER, formatted */
__attribute__((format(printf, 2, 3)))
void fake_qmp_sendf(struct fake_qmp *server, const char *fmt, ...);

/**
 * fake_qmp_serve() - answer until @done says so
 * @server: server
 * @done:   looked at after every step
 * @ms:     milliseconds at most
 *
 * Return: what @done said last.
 */
bool fake_qmp_serve(struct fake_qmp *server, bool (*done)(struct fake_qmp *server),
		    unsigned int ms);

#endif /* FREEHINT_FAKE_QMP_SERVER_H */
