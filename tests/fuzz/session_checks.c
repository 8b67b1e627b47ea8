// SPDX-License-Identifier: GPL-2.0
/*
 * What must hold of a session after each step, and of each command that it sends.
 */
#include <string.h>

#include "agent_session.h"

/* In order and without overlaps. */
static void check_discard(const json_t *args)
{
	const json_t *ranges = json_object_get(args, "ranges"), *range;
	json_int_t start, length, end = 0;
	size_t i;

	MUST(json_array_size(ranges) && json_array_size(ranges) <= FREEHINT_OFFER_BLOCKS);
	MUST(json_integer_value(json_object_get(args, "offer")) > 0);
	json_array_foreach(ranges, i, range) {
		start = json_integer_value(json_object_get(range, "start"));
		length = json_integer_value(json_object_get(range, "length"));
		MUST((!i || start > end) && start >= 0 && length > 0);
		MUST(start % 4096 == 0 && length % 4096 == 0);
		end = start + length;
		MUST(end <= (json_int_t)(FREEHINT_MAX_PAGES << FREEHINT_PAGE_SHIFT));
	}
}

/* A whole line has to be a command that QEMU knows. */
void session_check_line(void)
{
	json_error_t error;
	json_t *command = json_loadb(rig.line, rig.line_len, 0, &error);
	const char *name = json_string_value(json_object_get(command, "execute"));
	unsigned int i, known = 0;

	for (i = 0; name && i < QMP_COMMANDS; i++)
		known += !strcmp(name, qmp_client_command_name(i));
	MUST(known == 1);
	MUST(json_integer_value(json_object_get(command, "id")) > 0);
	if (!strcmp(name, FREEHINT_QMP_DISCARD))
		check_discard(json_object_get(command, "arguments"));
	json_decref(command);
	rig.line_len = 0;
}

static bool is_pending(enum qmp_command command)
{
	const struct qmp_pending *pending = rig.session.qmp.pending;
	unsigned int i, count = 0;

	for (i = 0; i < QMP_MAX_PENDING; i++)
		count += pending[i].id && pending[i].command == command;
	MUST(count <= 1);
	return count;
}

/* An offer is sent only while QEMU asks; it may leave the queue later. */
static void check_offers(const struct session *s)
{
	static u64 before;
	u64 now = s->offers.in_flight;

	MUST(now == before || now == FREEHINT_NO_OFFER || s->qmp.state != QMP_UP ||
	     s->answers.now.give_back.asking);
	before = now;
}

void agent_session_check(void)
{
	const struct session *s = &rig.session;

	if (s->done)
		return;
	/* Never asleep for ever: something is waited for, and it can come. */
	if (s->qmp.state == QMP_DOWN)
		MUST(rig.armed[EVENT_RETRY] && !s->region.base && s->qmp.fd < 0);
	else
		MUST(rig.armed[EVENT_QMP] && rig.armed[EVENT_QUERY]);
	MUST(!s->region.base || rig.armed[EVENT_POLL]);
	MUST(s->answers.pending <= 3 && s->flow.batch.in_flight <= FREEHINT_MAX_INFLIGHT);
	check_offers(s);
	/* An offer that is in flight has a command without an answer. */
	MUST(!s->offers.in_flight || is_pending(QMP_DISCARD));
	MUST(!s->give_back.pending || is_pending(QMP_GIVE_BACK));
	MUST(s->region.base == (const void *)s->flow.round.reader.shm);
}
