/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When the agent has QEMU ask the guest for its free memory: never, once, always, or when
 * the host is short of memory. Sends x-freehint-give-back.
 */
#ifndef FREEHINT_GIVE_BACK_H
#define FREEHINT_GIVE_BACK_H

#include "host-agent/agent/conf/conf.h"
#include "host-agent/agent/qmp/qmp_client.h"
#include "host-agent/common/give_back_status.h"
#include "include/freehint/types.h"

/**
 * struct give_back - the policy
 * @conf:       options
 * @qmp:        client that sends the command
 * @attached:   the region is mapped: offers can be taken from it
 * @wanted:     the command is to be sent
 * @pressed:    the host is short of memory, and QEMU has not said yet what it does
 * @queried:    it was queried since then
 * @pending:    the command was sent and has no answer yet
 * @due_us:     the command is not sent before, monotonic microseconds
 * @backoff_us: delay after the next refusal, microseconds
 * @summary:    a summary is to be printed when the guest is drained
 * @before:     bytes given back when QEMU began to ask
 * @refused:    last refusal that was logged, or ""
 */
struct give_back {
	const struct conf *conf;
	struct qmp_client *qmp;
	bool attached;
	bool wanted;
	bool pressed;
	bool queried;
	bool pending;
	u64 due_us;
	u64 backoff_us;
	bool summary;
	u64 before;
	char refused[GIVE_BACK_TEXT];
};

/** give_back_init() - nothing is wanted yet; keeps @conf and @qmp */
void give_back_init(struct give_back *back, const struct conf *conf, struct qmp_client *qmp);

/**
 * give_back_attach() - the region was mapped: ask at once, if the options say so
 * @back:   policy
 * @status: QEMU's answer; an extension that is too old is logged
 */
void give_back_attach(struct give_back *back, const struct give_back_status *status);

/** give_back_detach() - the region is unmapped; an answer of QEMU's may still come */
void give_back_detach(struct give_back *back);

/** give_back_disconnect() - the connection is gone, and an answer with it */
void give_back_disconnect(struct give_back *back);

/**
 * give_back_pressed() - the host is short of memory
 *
 * The last answer of QEMU's may be old: nothing wakes the agent when somebody sets a mode while
 * QEMU pauses.
 *
 * Return: true if QEMU is to be queried now; give_back_decide() has the rest.
 */
bool give_back_pressed(struct give_back *back);

/** give_back_query_sent() - the next answer of QEMU's is newer than this call */
void give_back_query_sent(struct give_back *back);

/**
 * give_back_decide() - is the command wanted because of pressure?
 * @back:   policy
 * @status: new answer of QEMU's; whoever has asked already is not disturbed
 */
void give_back_decide(struct give_back *back, const struct give_back_status *status);

/** give_back_is_due() - would give_back_send() send the command now? */
bool give_back_is_due(const struct give_back *back);

/**
 * give_back_send() - send the command if it is due
 * @back: policy; its client is in QMP_UP
 *
 * Return: 0, or negative errno when the connection broke.
 */
int give_back_send(struct give_back *back);

/** give_back_reply() - handle QEMU's answer to x-freehint-give-back */
void give_back_reply(struct give_back *back, const struct qmp_message *message);

/**
 * give_back_yield() - a retry of once must not end what somebody else wants to last
 * @back:   policy
 * @status: new answer of QEMU's
 */
void give_back_yield(struct give_back *back, const struct give_back_status *status);

/**
 * give_back_follow() - print a summary when the guest has nothing more to give
 * @back:   policy
 * @status: new answer of QEMU's, whoever made it ask
 */
void give_back_follow(struct give_back *back, const struct give_back_status *status);

#endif /* FREEHINT_GIVE_BACK_H */
