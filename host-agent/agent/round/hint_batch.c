// SPDX-License-Identifier: GPL-2.0
/*
 * Sends the ranges of a round to QEMU in batches: a pool of memfds, the commands getfd and
 * x-freehint-mark-clean, and their replies. hint_flow.c decides when a batch is sent.
 *
 * Why a memfd and not a JSON list: QEMU parses its monitor input byte by byte under
 * its big lock; 4096 ranges are some 150 KiB of JSON or 64 KiB of records.
 */
#define _GNU_SOURCE
#include "hint_batch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host-agent/common/clock.h"
#include "host-agent/common/log.h"
#include "include/freehint/shm_layout.h"

#define BUFFER_BYTES	(FREEHINT_MAX_RANGES * sizeof(struct freehint_range))

/* QEMU applies some thousand ranges in this time. */
#define ASK_PERIOD_US	1000

static int make_buffer(struct hint_buffer *buffer)
{
	void *records;
	int fd, ret;

	fd = memfd_create("freehint-ranges", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, BUFFER_BYTES)) {
		ret = -errno;
		goto err_close;
	}
	records = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (records == MAP_FAILED) {
		ret = -errno;
		goto err_close;
	}
	/* Fix the size: another holder of the descriptor cannot make our accesses fault. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		ret = -errno;
		goto err_unmap;
	}
	buffer->fd = fd;
	buffer->records = records;
	return 0;

err_unmap:
	munmap(records, BUFFER_BYTES);
err_close:
	close(fd);
	return ret;
}

int hint_batch_init(struct hint_batch *batch, struct qmp_client *qmp, struct agent_stats *stats)
{
	unsigned int i;
	int ret;

	memset(batch, 0, sizeof(*batch));
	batch->qemu_room = HINT_ROOM_UNKNOWN;
	batch->qmp = qmp;
	batch->stats = stats;
	for (i = 0; i < FREEHINT_MAX_INFLIGHT; i++)
		batch->buffers[i].fd = -1;
	for (i = 0; i < FREEHINT_MAX_INFLIGHT; i++) {
		ret = make_buffer(&batch->buffers[i]);
		if (ret)
			goto err_free;
	}
	return 0;

err_free:
	hint_batch_free(batch);
	return ret;
}

void hint_batch_free(struct hint_batch *batch)
{
	unsigned int i;

	for (i = 0; i < FREEHINT_MAX_INFLIGHT; i++) {
		if (batch->buffers[i].fd < 0)
			continue;
		munmap(batch->buffers[i].records, BUFFER_BYTES);
		close(batch->buffers[i].fd);
		batch->buffers[i].fd = -1;
	}
}

void hint_batch_reset(struct hint_batch *batch)
{
	unsigned int i;

	for (i = 0; i < FREEHINT_MAX_INFLIGHT; i++)
		batch->buffers[i].busy = false;
	batch->in_flight = 0;
	batch->open = NULL;
	batch->count = 0;
	batch->qemu_room = HINT_ROOM_UNKNOWN;
}

bool hint_batch_has_buffer(const struct hint_batch *batch)
{
	return batch->in_flight < FREEHINT_MAX_INFLIGHT;
}

bool hint_batch_is_within_qemu_room(const struct hint_batch *batch)
{
	return batch->count <= batch->qemu_room;
}

bool hint_batch_is_idle(const struct hint_batch *batch)
{
	return !batch->in_flight;
}

bool hint_batch_is_empty(const struct hint_batch *batch)
{
	return !batch->count;
}

void hint_batch_drop(struct hint_batch *batch)
{
	batch->count = 0;
}

static struct hint_buffer *find_idle_buffer(struct hint_batch *batch)
{
	unsigned int i;

	for (i = 0; i < FREEHINT_MAX_INFLIGHT; i++)
		if (!batch->buffers[i].busy)
			return &batch->buffers[i];
	return NULL;
}

void hint_batch_start(struct hint_batch *batch, u64 round)
{
	if (batch->round != round) {
		hint_batch_drop(batch);
		batch->qemu_room = HINT_ROOM_UNKNOWN;
	}
	batch->round = round;
	if (!batch->open)
		batch->open = find_idle_buffer(batch);
}

struct freehint_range *hint_batch_tail(struct hint_batch *batch)
{
	return batch->open->records + batch->count;
}

unsigned int hint_batch_free_records(const struct hint_batch *batch)
{
	return FREEHINT_MAX_RANGES - batch->count;
}

void hint_batch_add(struct hint_batch *batch, unsigned int count)
{
	batch->count += count;
}

static void count_batch(const struct hint_batch *batch)
{
	struct agent_stats *stats = batch->stats;
	unsigned int i;

	stats->batches++;
	stats->ranges += batch->count;
	for (i = 0; i < batch->count; i++)
		stats->pages_offered += batch->open->records[i].length >>
					FREEHINT_PAGE_SHIFT;
}

static void mark_sent(struct hint_batch *batch, struct hint_buffer *buffer,
		      unsigned int count)
{
	buffer->busy = true;
	buffer->count = count;
	buffer->round = batch->round;
	batch->in_flight++;
	/*
	 * hint_round_flush() may add one range beyond @qemu_room. QEMU still takes it: it reports
	 * one command less than it has room for.
	 */
	if (batch->qemu_room != HINT_ROOM_UNKNOWN)
		batch->qemu_room -= count < batch->qemu_room ? count : batch->qemu_room;
}

static int send_buffer(struct hint_batch *batch, struct hint_buffer *buffer,
		       unsigned int count, bool last)
{
	unsigned int index = (unsigned int)(buffer - batch->buffers);
	int ret;

	ret = qmp_client_send(batch->qmp, QMP_GETFD, index, buffer->fd,
			      "{\"fdname\":\"freehint-%u\"}", index);
	if (ret)
		return ret;
	ret = qmp_client_send(batch->qmp, QMP_MARK_CLEAN, index, -1,
			      "{\"" FREEHINT_ARG_ROUND "\":%llu,"
			      "\"" FREEHINT_ARG_FDNAME "\":\"freehint-%u\","
			      "\"" FREEHINT_ARG_COUNT "\":%u,"
			      "\"" FREEHINT_ARG_LAST "\":%s}",
			      (unsigned long long)batch->round, index, count,
			      last ? "true" : "false");
	if (!ret)
		mark_sent(batch, buffer, count);
	return ret;
}

int hint_batch_send(struct hint_batch *batch, bool last)
{
	int ret = send_buffer(batch, batch->open, batch->count, last);

	if (ret)
		return ret;
	log_debug_limited("round %llu, batch of %u ranges sent%s",
			  (unsigned long long)batch->round, batch->count,
			  last ? ", the last" : "");
	count_batch(batch);
	batch->open = NULL;
	batch->count = 0;
	return 0;
}

/* The open buffer keeps its ranges: another one carries the question. */
int hint_batch_ask_qemu_room(struct hint_batch *batch)
{
	unsigned int other = batch->open == batch->buffers;
	u64 now = clock_us();

	if (now - batch->asked_us < ASK_PERIOD_US)
		return 0;
	batch->asked_us = now;
	return send_buffer(batch, &batch->buffers[other], 0, false);
}

/* QEMU has not seen the commands after the one that it has answered. */
static void update_room(struct hint_batch *batch, const json_t *room)
{
	json_int_t left = json_integer_value(room);
	unsigned int i;

	if (!json_is_integer(room) || left < 0)
		return;
	for (i = 0; i < FREEHINT_MAX_INFLIGHT; i++)
		if (batch->buffers[i].busy)
			left -= batch->buffers[i].count;
	batch->qemu_room = left > 0 ? (u64)left : 0;
}

u64 hint_batch_reply(struct hint_batch *batch, const struct qmp_message *message)
{
	struct hint_buffer *buffer = &batch->buffers[message->cookie];

	if (message->command == QMP_GETFD) {
		if (message->kind == QMP_MESSAGE_ERROR)
			log_warn_limited("QEMU refused the file of %u ranges of round %llu, their pages "
					 "are sent: %s", buffer->count,
					 (unsigned long long)buffer->round, message->desc);
		return FREEHINT_NO_ROUND;
	}
	buffer->busy = false;
	batch->in_flight--;
	if (buffer->round == batch->round)
		update_room(batch, json_object_get(message->body, FREEHINT_ARG_ROOM));
	return buffer->round;
}
