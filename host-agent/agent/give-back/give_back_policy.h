/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When the agent has QEMU ask the guest for its free memory: never, once, always, or when
 * the host is short of memory. Sends x-freehint-give-back.
 */
#ifndef FREEHINT_GIVE_BACK_POLICY_H
#define FREEHINT_GIVE_BACK_POLICY_H

#include "host-agent/agent/conf/conf.h"
#include "host-agent/agent/qmp/qmp_client.h"
#include "host-agent/common/give_back_status.h"
#include "include/freehint/types.h"

/**
 * struct give_back_policy - when QEMU is to ask, and what it was asked for
 * @conf:          options
 * @qmp:           client that sends the command
 * @attached:      the region is mapped: offers can be taken from it
 * @wanted:        the command is to be sent
 * @pressure_seen: the host is short of memory, and QEMU has not said yet what it does
 * @queried_since_pressure: QEMU was queried since then
 * @pending:       the command was sent and has no answer yet
 * @due_us:        the command is not sent before, monotonic microseconds
 * @backoff_us:    delay after the next refusal, microseconds
 * @summary_due:   a summary is to be printed when the guest is drained
 * @bytes_at_begin: bytes given back when QEMU began to ask
 * @refused:       last refusal that was logged, or ""
 */
struct give_back_policy {
	const struct conf *conf;
	struct qmp_client *qmp;
	bool attached;
	bool wanted;
	bool pressure_seen;
	bool queried_since_pressure;
	bool pending;
	u64 due_us;
	u64 backoff_us;
	bool summary_due;
	u64 bytes_at_begin;
	char refused[GIVE_BACK_TEXT];
};

/** give_back_policy_init() - nothing is wanted yet; keeps @conf and @qmp */
void give_back_policy_init(struct give_back_policy *policy, const struct conf *conf,
			   struct qmp_client *qmp);

/**
 * give_back_policy_attach() - the region was mapped: ask at once, if the options say so
 * @policy: policy
 * @status: QEMU's answer; an extension that is too old is logged
 */
void give_back_policy_attach(struct give_back_policy *policy,
			     const struct give_back_status *status);

/** give_back_policy_detach() - the region is unmapped; an answer of QEMU's may still come */
void give_back_policy_detach(struct give_back_policy *policy);

/** give_back_policy_disconnect() - the connection is gone, and an answer with it */
void give_back_policy_disconnect(struct give_back_policy *policy);

/**
 * give_back_policy_pressed() - the host is short of memory
 *
 * The last answer of QEMU's may be old: nothing wakes the agent when somebody sets a mode while
 * QEMU pauses.
 *
 * Return: true if QEMU is to be queried now; give_back_policy_update() has the rest.
 */
bool give_back_policy_pressed(struct give_back_policy *policy);

/** give_back_policy_query_sent() - the next answer of QEMU's is newer than this call */
void give_back_policy_query_sent(struct give_back_policy *policy);

/** give_back_policy_is_due() - would give_back_policy_send() send the command now? */
bool give_back_policy_is_due(const struct give_back_policy *policy);

/**
 * give_back_policy_send() - send the command if it is due
 * @policy: policy; its client is in QMP_UP
 *
 * Return: 0, or negative errno when the connection broke.
 */
int give_back_policy_send(struct give_back_policy *policy);

/** give_back_policy_reply() - handle QEMU's answer to x-freehint-give-back */
void give_back_policy_reply(struct give_back_policy *policy, const struct qmp_message *message);

/**
 * give_back_policy_update() - act on a new answer of QEMU's
 * @policy: policy of an attached region
 * @status: answer
 *
 * The command becomes wanted because of pressure, or is left to somebody else's mode "always". A
 * summary is printed when the guest has nothing more to give.
 */
void give_back_policy_update(struct give_back_policy *policy,
			     const struct give_back_status *status);

#endif /* FREEHINT_GIVE_BACK_POLICY_H */
