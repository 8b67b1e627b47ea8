// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop on io_uring. No other file handles submission and completion entries.
 *
 * The ring polls and keeps time; it moves no data. A seccomp filter does not see the
 * requests of a ring, so a ring that may open or send would bypass the filter. Our ring
 * is created disabled, restricted to four operations and only then enabled. Bytes go
 * through system calls, which the filter sees. So the kernel never owns a buffer of ours.
 * A completion that comes late, for a descriptor closed long ago, is recognised by its
 * generation and dropped.
 *
 * A watch or a timer is only recorded, and becomes a request at the next wait. So a watch
 * that was replaced ten times between two waits is still one request. The queue has room
 * for more than one request and one removal of each kind, so it never fills up.
 */
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "event_backend.h"

/* One removal and one request of each kind, twice: the kernel may accept only a part. */
#define RING_ENTRIES	32

/* User data of removals: their completions are ignored. */
#define DATA_IGNORE	0xffULL

static_assert(EVENT_COUNT * 4 <= RING_ENTRIES, "the ring is too small");
static_assert(EVENT_COUNT < DATA_IGNORE, "a kind is one byte of user data");

/**
 * struct ring_slot - one kind of event
 * @generation: incremented by every watch, timer and cancel; a request with an older
 *              generation is stale
 * @wanted:     the caller waits for this generation
 * @timer:      it is a timer, not a watch
 * @fd:         watched descriptor
 * @mask:       poll mask of the watch
 * @time:       period of the timer; the kernel reads it at submission
 * @submitted:  generation of the request that is in the ring, 0 when there is none
 * @submitted_timer: that request is a timer
 */
struct ring_slot {
	u64 generation;
	bool wanted;
	bool timer;
	int fd;
	unsigned int mask;
	struct __kernel_timespec time;
	u64 submitted;
	bool submitted_timer;
};

struct ring_loop {
	struct event_loop loop;
	struct io_uring ring;
	struct ring_slot slots[EVENT_COUNT];
};

static struct ring_loop *ring_loop(struct event_loop *loop)
{
	return (struct ring_loop *)loop;
}

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
	/* liburing 2.3 declares a function for this call, but its library lacks it. */
	return io_uring_register((unsigned int)ring->ring_fd, IORING_REGISTER_RESTRICTIONS,
				 list, sizeof(allowed));
}

static void ring_free(struct event_loop *loop)
{
	io_uring_queue_exit(&ring_loop(loop)->ring);
	free(ring_loop(loop));
}

static void ring_cancel(struct event_loop *loop, enum event_kind kind)
{
	ring_loop(loop)->slots[kind].generation++;
	ring_loop(loop)->slots[kind].wanted = false;
}

/*
 * A ring misses POLLPRI of a file that tells its waiters for which events it wakes them, such as a
 * socket. A trigger on memory pressure tells no events, so the ring does not miss it.
 */
static void ring_watch(struct event_loop *loop, enum event_kind kind, int fd,
		       unsigned int mask)
{
	struct ring_slot *slot = &ring_loop(loop)->slots[kind];

	slot->generation++;
	slot->wanted = true;
	slot->timer = false;
	slot->fd = fd;
	slot->mask = mask;
}

static void ring_timer(struct event_loop *loop, enum event_kind kind, u64 usec)
{
	struct ring_slot *slot = &ring_loop(loop)->slots[kind];

	slot->generation++;
	slot->wanted = true;
	slot->timer = true;
	slot->time.tv_sec = (long long)(usec / 1000000);
	slot->time.tv_nsec = (long long)(usec % 1000000 * 1000);
}

static u64 request_data(enum event_kind kind, u64 generation)
{
	return generation << 8 | kind;
}

/* Remove the stale request from the ring. Return: false when the queue is full. */
static bool cancel_request(struct ring_loop *loop, enum event_kind kind)
{
	struct ring_slot *slot = &loop->slots[kind];
	struct io_uring_sqe *sqe = io_uring_get_sqe(&loop->ring);

	if (!sqe)
		return false;
	if (slot->submitted_timer)
		io_uring_prep_timeout_remove(sqe, request_data(kind, slot->submitted), 0);
	else
		io_uring_prep_poll_remove(sqe, request_data(kind, slot->submitted));
	io_uring_sqe_set_data64(sqe, DATA_IGNORE);
	slot->submitted = 0;
	return true;
}

static void submit_request(struct ring_loop *loop, enum event_kind kind)
{
	struct ring_slot *slot = &loop->slots[kind];
	struct io_uring_sqe *sqe = io_uring_get_sqe(&loop->ring);

	if (!sqe)
		return;
	if (slot->timer)
		io_uring_prep_timeout(sqe, &slot->time, 0, 0);
	else
		io_uring_prep_poll_add(sqe, slot->fd, slot->mask);
	io_uring_sqe_set_data64(sqe, request_data(kind, slot->generation));
	slot->submitted = slot->generation;
	slot->submitted_timer = slot->timer;
}

/* Submit what is wanted and not in the ring. When the queue is full, the next call continues. */
static void submit_requests(struct ring_loop *loop)
{
	struct ring_slot *slot;
	enum event_kind kind;

	for (kind = 0; kind < EVENT_COUNT; kind++) {
		slot = &loop->slots[kind];
		if (slot->submitted && slot->submitted != slot->generation &&
		    !cancel_request(loop, kind))
			continue;
		if (slot->wanted && !slot->submitted)
			submit_request(loop, kind);
	}
}

/* Return: true when the caller still waits for this completion. */
static bool handle_completion(struct ring_loop *loop, struct io_uring_cqe *cqe,
			      struct event *event)
{
	u64 data = cqe->user_data;
	u64 kind = data & 0xff;
	struct ring_slot *slot;
	int res = cqe->res;

	io_uring_cqe_seen(&loop->ring, cqe);
	if (kind >= EVENT_COUNT)
		return false;
	slot = &loop->slots[kind];
	if (!slot->submitted || request_data(kind, slot->submitted) != data)
		return false;
	slot->submitted = 0;
	if (!slot->wanted || request_data(kind, slot->generation) != data)
		return false;
	slot->wanted = false;
	event->kind = kind;
	event->result = slot->timer ? 0 : res;
	return true;
}

static int ring_wait(struct event_loop *base, struct event *event)
{
	struct ring_loop *loop = ring_loop(base);
	struct io_uring_cqe *cqe;
	unsigned int wait_for;
	int ret;

	/* Submit before reading completions: a busy queue must not delay the start of a timer. */
	for (wait_for = 0;; wait_for = 1) {
		submit_requests(loop);
		ret = io_uring_submit_and_wait(&loop->ring, wait_for);
		if (ret < 0 && ret != -EINTR && ret != -EBUSY && ret != -EAGAIN)
			return ret;
		while (!io_uring_peek_cqe(&loop->ring, &cqe))
			if (handle_completion(loop, cqe, event))
				return 0;
	}
}

static const struct event_ops ring_ops = {
	.backend = EVENT_BACKEND_RING,
	.free = ring_free,
	.watch = ring_watch,
	.timer = ring_timer,
	.cancel = ring_cancel,
	.wait = ring_wait,
};

static int start_ring(struct io_uring *ring)
{
	unsigned int fd = (unsigned int)ring->ring_fd;
	int ret = restrict_ring(ring);

	if (!ret)
		ret = io_uring_register(fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
	/* A seccomp filter may forbid this call alone. Find out now: ppoll() is still an option. */
	if (!ret)
		ret = io_uring_enter(fd, 0, 0, 0, NULL);
	return ret;
}

int event_ring_new(struct event_loop **out)
{
	struct ring_loop *loop = calloc(1, sizeof(*loop));
	int ret;

	if (!loop)
		return -ENOMEM;
	loop->loop.ops = &ring_ops;
	ret = io_uring_queue_init(RING_ENTRIES, &loop->ring, IORING_SETUP_R_DISABLED);
	if (ret)
		goto err_free;
	ret = start_ring(&loop->ring);
	if (ret)
		goto err_exit;
	*out = &loop->loop;
	return 0;

err_exit:
	io_uring_queue_exit(&loop->ring);
err_free:
	free(loop);
	return ret;
}
