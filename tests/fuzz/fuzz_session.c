// SPDX-License-Identifier: GPL-2.0
/*
 * The whole agent, but for its sandbox and its ring, between a QEMU that sends
 * anything and a guest that writes anything. It must never map the region of a guest
 * that is still arriving, never wait for something that cannot come, and never send
 * what is no command.
 */
/* links: tests/fuzz/agent_session.c tests/fuzz/session_checks.c */
/* links: host-agent/agent/session/session.c host-agent/agent/session/session_connect.c */
/* links: host-agent/agent/session/session_query.c host-agent/agent/session/session_metrics.c */
/* links: host-agent/agent/session/session_migration.c */
/* links: host-agent/agent/session/session_attach.c host-agent/agent/session/session_note.c */
/* links: host-agent/agent/session/session_pace.c host-agent/agent/session/wake.c */
/* links: host-agent/agent/qmp/qmp_client.c host-agent/agent/qmp/qmp_command.c */
/* links: host-agent/common/qmp_stream.c host-agent/common/read_json.c */
/* links: host-agent/agent/round/hint_flow.c host-agent/agent/round/hint_round.c */
/* links: host-agent/agent/round/hint_batch.c */
/* links: host-agent/common/bits_to_ranges.c */
/* links: host-agent/common/freehint_status.c host-agent/agent/migration/migration_phase.c */
/* links: host-agent/common/give_back_status.c */
/* links: host-agent/agent/migration/stats.c */
/* links: host-agent/agent/give-back/give_back_policy.c */
/* links: host-agent/agent/give-back/offer_flow.c */
/* links: host-agent/agent/give-back/offer_ranges.c */
/* links: host-agent/agent/metrics/metrics.c host-agent/agent/metrics/prometheus_text.c */
/* links: host-agent/common/shm_region.c host-agent/common/log.c proto/host_snapshot.c */
/* links: host-agent/common/printable.c */
/* links: proto/host_request.c */
/* links: proto/host_offer.c */
/* libs: jansson */
/* flags: -Wl,--wrap=recv,--wrap=sendmsg,--wrap=qmp_client_connect */
/* flags: -Wl,--wrap=shm_region_map,--wrap=log_output,--wrap=log_line */
#include "agent_session.h"

/* Something that was waited for happens; what nobody waits for cannot. */
static void wake(u8 which)
{
	static const enum event_kind kinds[] = {
		EVENT_STOP, EVENT_QMP, EVENT_RETRY, EVENT_QUERY, EVENT_POLL,
	};
	enum event_kind kind = kinds[which % 5];

	if (!agent_session_fire(kind))
		return;
	switch (kind) {
	case EVENT_QMP:
		session_handle_qmp(&rig.session);
		break;
	case EVENT_RETRY:
		session_connect(&rig.session);
		break;
	case EVENT_QUERY:
		session_query(&rig.session);
		break;
	case EVENT_POLL:
		session_poll(&rig.session);
		break;
	default:
		break;
	}
}

static void step(void)
{
	u8 what = take8(&rig.in);

	switch (what % 8) {
	case 0:
		agent_session_say(what / 8);
		break;
	case 1:
	case 2:
		agent_session_answer(what / 8);
		break;
	case 3:
		agent_session_write_region(what / 8);
		if (what / 8 == 30)
			session_pressed(&rig.session);
		break;
	case 4:
		/* The connection ends, or sends less than asked. */
		agent_session_break(what / 8);
		break;
	default:
		wake(what / 8);
		break;
	}
	agent_session_check();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	agent_session_start(data, size);
	while (rig.in.left && !rig.session.done)
		step();
	agent_session_end();
	return 0;
}
