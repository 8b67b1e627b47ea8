// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop: descriptors to watch and timers, one of each kind, on io_uring.
 *
 * The ring polls and keeps time; it moves no data. Requests of a ring are not
 * seen by a seccomp filter, so a ring that may open or send would be a hole in
 * it. Ours is created disabled, restricted to four operations and only then
 * enabled; bytes travel through system calls that the filter sees. It also means
 * that no buffer is ever owned by the kernel, and a completion that comes late,
 * for a descriptor long closed, is recognised by its generation and thrown away.
 */
#include "event_loop.h"

#include <liburing.h>
#include <stdlib.h>
#include <string.h>

/* Two entries, old one out and new one in, per kind, with room to spare. */
#define RING_ENTRIES	32

/* Marks completions of removals, which nobody waits for. */
#define DATA_IGNORE	0xffULL

static_assert(EVENT_COUNT * 4 <= RING_ENTRIES, "the ring is too small");
static_assert(EVENT_COUNT < DATA_IGNORE, "a kind is one byte of user data");

/**
 * struct slot - what is in flight for one kind
 * @generation: grows with every request; a completion of an older one is stale
 * @armed:      a request of this generation is in the ring
 * @timer:      it is a timer, not a poll
 * @time:       its period; the kernel reads it at submission
 */
struct slot {
	u64 generation;
	bool armed;
	bool timer;
	struct __kernel_timespec time;
};

struct event_loop {
	struct io_uring ring;
	struct slot slots[EVENT_COUNT];
};

static int restrict_ring(struct io_uring *ring)
{
	static const u8 allowed[] = {
		IORING_OP_POLL_ADD, IORING_OP_POLL_REMOVE,
		IORING_OP_TIMEOUT, IORING_OP_TIMEOUT_REMOVE,
	};
	struct io_uring_restriction list[sizeof(allowed)];
	unsigned int i;

	memset(list, 0, sizeof(list));
	for (i = 0; i < sizeof(allowed); i++) {
		list[i].opcode = IORING_RESTRICTION_SQE_OP;
		list[i].sqe_op = allowed[i];
	}
	/* The function with this name is declared, but missing in liburing 2.3's library. */
	return io_uring_register((unsigned int)ring->ring_fd, IORING_REGISTER_RESTRICTIONS,
				 list, sizeof(allowed));
}

int event_loop_new(struct event_loop **out)
{
	struct event_loop *loop = calloc(1, sizeof(*loop));
	int ret;

	if (!loop)
		return -ENOMEM;
	ret = io_uring_queue_init(RING_ENTRIES, &loop->ring, IORING_SETUP_R_DISABLED);
	if (ret)
		goto err_free;
	ret = restrict_ring(&loop->ring);
	if (ret)
		goto err_exit;
	ret = io_uring_register((unsigned int)loop->ring.ring_fd,
				IORING_REGISTER_ENABLE_RINGS, NULL, 0);
	if (ret)
		goto err_exit;
	*out = loop;
	return 0;

err_exit:
	io_uring_queue_exit(&loop->ring);
err_free:
	free(loop);
	return ret;
}

void event_loop_free(struct event_loop *loop)
{
	if (!loop)
		return;
	io_uring_queue_exit(&loop->ring);
	free(loop);
}

static struct io_uring_sqe *get_entry(struct event_loop *loop)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&loop->ring);

	if (sqe)
		return sqe;
	io_uring_submit(&loop->ring);
	/* The queue holds every slot twice, so it cannot be full once submitted. */
	sqe = io_uring_get_sqe(&loop->ring);
	if (!sqe)
		abort();
	return sqe;
}

static u64 slot_data(const struct event_loop *loop, enum event_kind kind)
{
	return loop->slots[kind].generation << 8 | kind;
}

void event_loop_forget(struct event_loop *loop, enum event_kind kind)
{
	struct slot *slot = &loop->slots[kind];
	struct io_uring_sqe *sqe;

	if (!slot->armed)
		return;
	sqe = get_entry(loop);
	if (slot->timer)
		io_uring_prep_timeout_remove(sqe, slot_data(loop, kind), 0);
	else
		io_uring_prep_poll_remove(sqe, slot_data(loop, kind));
	io_uring_sqe_set_data64(sqe, DATA_IGNORE);
	slot->armed = false;
	slot->generation++;
}

static void arm(struct event_loop *loop, enum event_kind kind,
		struct io_uring_sqe *sqe, bool timer)
{
	struct slot *slot = &loop->slots[kind];

	slot->generation++;
	slot->armed = true;
	slot->timer = timer;
	io_uring_sqe_set_data64(sqe, slot_data(loop, kind));
}

void event_loop_watch(struct event_loop *loop, enum event_kind kind, int fd,
		      unsigned int mask)
{
	struct io_uring_sqe *sqe;

	event_loop_forget(loop, kind);
	sqe = get_entry(loop);
	io_uring_prep_poll_add(sqe, fd, mask);
	arm(loop, kind, sqe, false);
}

void event_loop_timer(struct event_loop *loop, enum event_kind kind, u64 usec)
{
	struct slot *slot = &loop->slots[kind];
	struct io_uring_sqe *sqe;

	event_loop_forget(loop, kind);
	slot->time.tv_sec = usec / 1000000;
	slot->time.tv_nsec = usec % 1000000 * 1000;
	sqe = get_entry(loop);
	io_uring_prep_timeout(sqe, &slot->time, 0, 0);
	arm(loop, kind, sqe, true);
}

/* Return: true when the completion is one that somebody still waits for. */
static bool take_completion(struct event_loop *loop, struct io_uring_cqe *cqe,
			    struct event *event)
{
	u64 data = cqe->user_data;
	u64 kind = data & 0xff;
	int res = cqe->res;

	io_uring_cqe_seen(&loop->ring, cqe);
	if (kind >= EVENT_COUNT || !loop->slots[kind].armed ||
	    slot_data(loop, kind) != data)
		return false;
	loop->slots[kind].armed = false;
	event->kind = kind;
	event->result = loop->slots[kind].timer ? 0 : res;
	return true;
}

int event_loop_wait(struct event_loop *loop, struct event *event)
{
	struct io_uring_cqe *cqe;
	int ret;

	/* Always submit first: a busy queue must not keep a timer from starting. */
	ret = io_uring_submit(&loop->ring);
	for (;;) {
		if (ret < 0 && ret != -EINTR && ret != -EBUSY && ret != -EAGAIN)
			return ret;
		while (!io_uring_peek_cqe(&loop->ring, &cqe))
			if (take_completion(loop, cqe, event))
				return 0;
		ret = io_uring_submit_and_wait(&loop->ring, 1);
	}
}
