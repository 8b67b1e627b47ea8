// SPDX-License-Identifier: GPL-2.0
/*
 * Sends the ranges of a round to QEMU in batches.
 *
 * When to send: a full batch is sent at once. A batch that is not full is sent only when
 * no other is in flight; otherwise it waits and grows. So the first ranges of a round
 * leave at once, and batches become larger when QEMU is slow. While all buffers are in
 * flight, nothing is copied from the guest either: that is the flow control.
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

#define BUFFER_BYTES	(FREEHINT_MAX_RANGES * sizeof(struct freehint_range))

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

int hint_batch_init(struct hint_batch *batch, struct agent_stats *stats)
{
	unsigned int i;
	int ret;

	memset(batch, 0, sizeof(*batch));
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
	batch->busy = 0;
	batch->open = NULL;
	batch->count = 0;
}

bool hint_batch_has_room(const struct hint_batch *batch)
{
	return batch->busy < FREEHINT_MAX_INFLIGHT;
}

static bool open_buffer(struct hint_batch *batch)
{
	unsigned int i;

	for (i = 0; !batch->open && i < FREEHINT_MAX_INFLIGHT; i++)
		if (!batch->buffers[i].busy)
			batch->open = &batch->buffers[i];
	return batch->open;
}

static void count_batch(const struct hint_batch *batch, const struct hint_round *round)
{
	struct agent_stats *stats = batch->stats;
	unsigned int i;

	stats->batches++;
	stats->ranges += batch->count;
	for (i = 0; i < batch->count; i++)
		stats->pages_offered += batch->open->records[i].length >>
					FREEHINT_PAGE_SHIFT;
	if (!stats->first_send_us)
		stats->first_send_us = clock_us() - round->seen_us;
}

static void mark_sent(struct hint_batch *batch, const struct hint_round *round)
{
	batch->open->busy = true;
	batch->open->round = round->id;
	batch->open = NULL;
	batch->busy++;
	batch->count = 0;
}

/* Send the open batch, even when it is empty. */
static int send_batch(struct hint_batch *batch, const struct hint_round *round,
		      struct qmp_client *qmp, bool last)
{
	unsigned int index = (unsigned int)(batch->open - batch->buffers);
	int ret;

	ret = qmp_client_send(qmp, QMP_GETFD, index, batch->open->fd,
			      "{\"fdname\":\"freehint-%u\"}", index);
	if (ret)
		return ret;
	ret = qmp_client_send(qmp, QMP_MARK_CLEAN, index, -1,
			      "{\"" FREEHINT_ARG_ROUND "\":%llu,"
			      "\"" FREEHINT_ARG_FDNAME "\":\"freehint-%u\","
			      "\"" FREEHINT_ARG_COUNT "\":%u,"
			      "\"" FREEHINT_ARG_LAST "\":%s}",
			      (unsigned long long)round->id, index, batch->count,
			      last ? "true" : "false");
	if (ret)
		return ret;
	log_debug_limited("round %llu, batch of %u ranges sent%s",
			  (unsigned long long)round->id, batch->count,
			  last ? ", the last" : "");
	count_batch(batch, round);
	mark_sent(batch, round);
	return 0;
}

/* Drop the ranges of a round that is over or faulty. */
static void drop_stale_ranges(struct hint_batch *batch, const struct hint_round *round)
{
	if (batch->round == round->id &&
	    (round->state == HINT_FLOWING || round->state == HINT_SEALED))
		return;
	if (batch->round != round->id)
		batch->refusals = 0;
	batch->round = round->id;
	batch->count = 0;
}

static void cut(struct hint_batch *batch, struct hint_round *round)
{
	batch->count += hint_round_flush(round, batch->open->records + batch->count);
}

int hint_batch_pump(struct hint_batch *batch, struct hint_round *round,
		    struct qmp_client *qmp)
{
	int ret = 0;

	while (!ret && open_buffer(batch)) {
		drop_stale_ranges(batch, round);
		batch->count += hint_round_fill(round, batch->open->records + batch->count,
						FREEHINT_MAX_RANGES - batch->count);
		drop_stale_ranges(batch, round);
		if (batch->count == FREEHINT_MAX_RANGES) {
			ret = send_batch(batch, round, qmp, false);
			continue;
		}
		if (hint_round_complete(round)) {
			cut(batch, round);
			hint_round_close(round);
			ret = send_batch(batch, round, qmp, true);
			return ret;
		}
		if (batch->busy)
			return 0;
		cut(batch, round);
		return batch->count ? send_batch(batch, round, qmp, false) : 0;
	}
	return ret;
}

/*
 * QEMU closes its gate shortly before it withdraws the request. So a round may be over
 * while the request line still names it; then only the error description shows it.
 */
static bool is_late(const struct hint_round *round, u64 id,
		    const struct qmp_message *message)
{
	return !hint_round_is_requested(round, id) ||
	       strstr(message->desc, FREEHINT_ERR_STALE) ||
	       strstr(message->desc, FREEHINT_ERR_CLOSED);
}

/*
 * QEMU accepts a limited number of ranges in a round, and a guest that names memory it
 * does not have will continue to do so. More commands would only cost QEMU time.
 */
static void count_refusal(struct hint_batch *batch, struct hint_round *round, u64 id,
			  const struct qmp_message *message)
{
	if (round->id != id || batch->round != id)
		return;
	batch->refusals++;
	if (batch->refusals == FREEHINT_MAX_REFUSALS ||
	    strstr(message->desc, FREEHINT_ERR_FULL))
		hint_round_close(round);
}

static void count_error(struct hint_batch *batch, struct hint_round *round, u64 id,
			const struct qmp_message *message)
{
	if (is_late(round, id, message)) {
		batch->stats->refused_late++;
		log_debug_limited("QEMU closed round %llu first: %s",
				  (unsigned long long)id, message->desc);
		return;
	}
	batch->stats->refused_other++;
	count_refusal(batch, round, id, message);
	log_warn_limited("QEMU refused hints of round %llu: %s",
			 (unsigned long long)id, message->desc);
}

void hint_batch_reply(struct hint_batch *batch, struct hint_round *round,
		      const struct qmp_message *message)
{
	struct hint_buffer *buffer = &batch->buffers[message->cookie];

	if (message->command == QMP_GETFD) {
		if (message->kind == QMP_MESSAGE_ERROR)
			log_warn_limited("QEMU refused a descriptor: %s", message->desc);
		return;
	}
	buffer->busy = false;
	batch->busy--;
	if (message->kind == QMP_MESSAGE_ERROR)
		count_error(batch, round, buffer->round, message);
}
