// SPDX-License-Identifier: GPL-2.0
/*
 * Maps the shared memory of the QEMU that the agent is connected to, and of no other.
 *
 * The file is opened only when it is mapped. Before QEMU runs it may not exist, and a
 * file that an earlier QEMU left behind is the wrong one. No page is touched before QEMU
 * has reported that no incoming migration runs: an access that creates a page of the
 * region breaks an incoming postcopy.
 *
 * The device and its memory backend may be removed and added again while QEMU runs. Then the
 * name may stand for another file, and the mapped one belongs to nobody.
 */
#include <string.h>

#include "proto/host_snapshot.h"
#include "session.h"

static const char *attach_advice(int error)
{
	switch (error) {
	case -ENOENT:
		return ", give the memory backend's mem-path with --shm";
	case -EACCES:
	case -EPERM:
		return ", run the agent as QEMU's user";
	case -ENODATA:
		return ", smaller than QEMU's region: not the file of this QEMU";
	default:
		return "";
	}
}

/* Does the mapping belong to the connected QEMU? Return: NOTE_NONE or what is wrong. */
static enum session_note check_identity(const struct session *session,
					struct freehint_host_hello *hello)
{
	int ret = freehint_read_host_hello(&session->flow.round.reader, hello);

	if (ret == -ENODEV)
		return NOTE_NOT_STARTED;
	if (hello->instance != session->answers.now.instance)
		return NOTE_WRONG_SHM;
	if (ret == -EPROTO)
		return NOTE_VERSION;
	return ret ? NOTE_WRONG_SHM : NOTE_NONE;
}

static void explain_version(struct session *session, const struct freehint_host_hello *hello)
{
	if (session_update_note(session, NOTE_VERSION))
		log_error("QEMU's extension supports freehint versions %u to %u, this agent %u "
			  "to %u, update the %s", hello->version_min, hello->version,
			  FREEHINT_VERSION_MIN, FREEHINT_VERSION,
			  hello->version < FREEHINT_VERSION_MIN ? "extension" : "agent");
}

static void explain(struct session *session, enum session_note note)
{
	if (!session_update_note(session, note))
		return;
	if (note == NOTE_NOT_STARTED)
		log_info("waiting for the guest to start, the extension has not published "
			 "its hello in %s%s%s", session->conf->shm,
			 session->answers.now.refused[0] ? ": " : "",
			 session->answers.now.refused);
	else
		log_error("%s does not contain this QEMU's instance %llu, give the file of "
			  "this QEMU with --shm", session->conf->shm,
			  (unsigned long long)session->answers.now.instance);
}

static void attach(struct session *session)
{
	struct freehint_host_hello hello;
	enum session_note note;
	int ret;

	ret = shm_region_map(&session->region, session->conf->shm,
			     session->answers.now.region_size);
	if (!ret)
		ret = hint_round_attach(&session->flow.round, session->region.base,
					session->region.size);
	if (ret) {
		if (session_update_note(session, NOTE_NO_SHM))
			log_error("%s cannot be used: %s%s", session->conf->shm,
				  strerror(-ret), attach_advice(ret));
		session_detach(session);
		return;
	}
	note = check_identity(session, &hello);
	if (note == NOTE_VERSION)
		explain_version(session, &hello);
	else if (note)
		explain(session, note);
	if (note) {
		session_detach(session);
		return;
	}
	if (session_update_note(session, NOTE_ATTACHED))
		log_info("attached to %s, %llu bytes, guest module %s", session->conf->shm,
			 (unsigned long long)session->region.size,
			 session->answers.now.guest_present ? "present" : "not loaded yet");
	give_back_policy_attach(&session->give_back, &session->answers.now.give_back);
	/* An error shows when the answers are received. */
	wake_offer(&session->wake, &session->qmp);
	event_loop_timer(session->loop, EVENT_POLL, 0);
}

/*
 * An instance alone shows nothing: QEMU may change it before it publishes the next hello in the
 * same file, and the guest can write the hello. A file that was unlinked is no other file: QEMU
 * goes on with it.
 */
static bool is_replaced(const struct session *session)
{
	struct freehint_host_hello hello;

	if (session->answers.now.region_size != session->region.size)
		return true;
	freehint_read_host_hello(&session->flow.round.reader, &hello);
	return hello.instance != session->answers.now.instance &&
	       shm_region_is_replaced(&session->region, session->conf->shm);
}

void session_check_region(struct session *session)
{
	if (!session->answers.extension || !is_replaced(session))
		return;
	log_info("QEMU uses other shared memory now, the agent detaches from %s",
		 session->conf->shm);
	session_detach(session);
	/* Log it when the next one is attached. */
	session->note = NOTE_NONE;
}

/* A pause of the guest, which was found running without a region, adds none. */
static bool still_has_no_region(const struct session *session)
{
	return session->note == NOTE_NO_REGION && session->answers.now.refused[0];
}

void session_try_attach(struct session *session)
{
	if (session->answers.missing) {
		if (session_update_note(session, NOTE_NO_EXTENSION))
			log_error("this QEMU runs without freehint-qemu.so, start it with "
				  "-plugin file=freehint-qemu.so,memdev=ID");
		return;
	}
	if (!session->answers.extension)
		return;
	if (!migration_phase_may_map(session->phase)) {
		if (session_update_note(session, NOTE_INCOMING))
			log_info("QEMU receives a migration, the agent maps the shared "
				 "memory when it has completed");
		return;
	}
	if (session->answers.now.region_size && session->answers.now.instance)
		attach(session);
	else if (session_qemu_refuses(session) || still_has_no_region(session))
		/* The log gets QEMU's reason in session_query.c. */
		session_update_note(session, NOTE_NO_REGION);
	else
		/* The extension has no region before the guest runs for the first time. */
		explain(session, NOTE_NOT_STARTED);
}

void session_detach(struct session *session)
{
	event_loop_cancel(session->loop, EVENT_POLL);
	hint_round_detach(&session->flow.round);
	offer_flow_detach(&session->offers);
	give_back_policy_detach(&session->give_back);
	wake_forget(&session->wake);
	shm_region_unmap(&session->region);
}
