// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's half of a round between a guest that the input drives and a QEMU that
 * checks every batch.
 *
 * An honest guest marks, in round N, every 64th page free: those with the number
 * N modulo 64. So each range tells in which round its bits were written.
 */
#include <stdarg.h>

#include "round_rig.h"

#include "hostile_order.h"
#include "host-agent/common/log.h"
#include "proto/host_request.h"

#define INSTANCE	77
#define MAX_PUT		96

struct round_rig rig;
/* No load is hooked while the rig itself is at work. */
static bool armed;

static struct freehint_shm *shm(void)
{
	return (struct freehint_shm *)rig.region;
}

static u64 capacity(void)
{
	return freehint_region_capacity(rig.size);
}

void hostile_store(void *p, size_t size)
{
	u64 offset = (u64)((u8 *)p - rig.shadow);
	struct pending_store *store;

	/* The host stores to the region itself. */
	if (offset >= rig.size)
		return;
	MUST(rig.end < MAX_STORES);
	store = &rig.store[rig.end++];
	*store = (struct pending_store){ .offset = (u32)offset, .size = (u32)size };
	memcpy(&store->value, p, size);
}

static void pass_stores(u32 count)
{
	for (; count && rig.first < rig.end; count--, rig.first++)
		memcpy(rig.region + rig.store[rig.first].offset,
		       &rig.store[rig.first].value, rig.store[rig.first].size);
	if (rig.first == rig.end) {
		rig.first = 0;
		rig.end = 0;
	}
}

void round_rig_settle(void)
{
	pass_stores(MAX_STORES);
}

/* One byte: so many loads pass, or so many stores, or somebody does a step. */
void hostile_load(void)
{
	u8 what;

	if (!armed)
		return;
	if (rig.quiet) {
		rig.quiet--;
		return;
	}
	what = take8(&rig.in);
	armed = false;
	if (what & 0x80)
		round_rig_guest(what & 0x7f);
	else if (what & 0x40)
		pass_stores(what & 0x20 ? (what & 0x1f) * 64U : what & 0x1f);
	else if (what & 0x20)
		round_rig_host(what & 0x1f);
	else
		rig.quiet = rig.in.left ? what * what * 8U : ~0U;
	armed = true;
}

void round_rig_host(u8 how)
{
	rig.asked = how & 1 ? FREEHINT_NO_ROUND : ++rig.last_id;
	freehint_write_request(shm(), rig.asked, FREEHINT_PHASE_ROUND, 1 + (how & 2));
}

static void put(struct freehint_publisher *guest, u64 count)
{
	u64 words[MAX_PUT], i;

	for (i = 0; i < MAX_PUT; i++)
		words[i] = 1ULL << guest->round % FREEHINT_WORD_BITS;
	freehint_put_words(guest, words, count < MAX_PUT ? count : MAX_PUT);
}

static void seal(struct freehint_publisher *guest, bool whole)
{
	const struct freehint_seal_facts facts = {
		.status = whole ? FREEHINT_SEAL_COMPLETE : FREEHINT_SEAL_ABORTED,
	};

	rig.sealed = guest->round;
	rig.free = guest->free;
	freehint_seal_round(guest, &facts);
}

static void be_honest(u8 how)
{
	struct freehint_publisher *guest = &rig.guest;

	/* Its stores take their time; it does not run away from them for ever. */
	if (rig.end > MAX_STORES / 2)
		return;
	if (!guest->round) {
		if (rig.asked && rig.asked != rig.sealed)
			freehint_open_round(guest, rig.asked);
	} else if (guest->round != rig.asked && how & 1) {
		seal(guest, false);
	} else if (how & 0x40) {
		freehint_put_used(guest, guest->mark + (how & 0x3f) * 64U);
	} else if (how & 0x20) {
		freehint_advance(guest);
	} else if ((how & 0x1f) == 0x1e || guest->mark == guest->capacity) {
		seal(guest, true);
	} else {
		put(guest, 3U * (how & 0x1f));
	}
}

static u64 some_number(void)
{
	u8 which = take8(&rig.in);

	switch (which % 8) {
	case 0:
		return take64(&rig.in);
	case 1:
		return capacity() + (which & 0x80 ? 64 : 0);
	case 2:
		return rig.last_id;
	case 3:
		return rig.last_id - 1;
	case 4:
		return which / 8;
	case 5:
		return shm()->guest_progress.watermark + (which & 0x80 ? 64 : 0);
	default:
		return take16(&rig.in) * 64ULL % (capacity() + 64);
	}
}

/* Fill some of the bitmap with a word. */
static void lie_in_the_bitmap(u8 how)
{
	u64 *words = (u64 *)(rig.region + FREEHINT_HEADER_SIZE);
	u64 count = capacity() / FREEHINT_WORD_BITS, at = take16(&rig.in) % count;
	u64 word = how & 1 ? ~0ULL : how & 2 ? 0 : take64(&rig.in);
	u64 end = at + 1 + (how & 0x0c) * 64ULL;

	for (; at < count && at < end; at++)
		words[at] = word;
}

/* What a guest that wants to confuse us would write; its lines and the host's. */
static void lie(u8 how)
{
	struct freehint_shm *s = shm();

	switch (how % 8) {
	case 0:
		s->guest_progress.round = some_number();
		break;
	case 1:
		s->guest_progress.watermark = some_number();
		break;
	case 2:
		s->guest_seal.round = some_number();
		break;
	case 3:
		s->guest_seal.status = how / 8;
		s->guest_seal.end_pfn = some_number();
		s->guest_seal.free_pages = some_number();
		break;
	case 4:
	case 5:
		lie_in_the_bitmap(how / 8);
		break;
	case 6:
		s->host_request.round = some_number();
		s->host_request.phase = how / 8;
		break;
	default:
		rig.region[take16(&rig.in) % rig.size] = take8(&rig.in);
		break;
	}
}

void round_rig_guest(u8 how)
{
	if (rig.honest)
		be_honest(how);
	else
		lie(how);
}

static u64 sum_of(const struct freehint_range *records, unsigned int count)
{
	u64 sum = count;
	unsigned int i;

	for (i = 0; i < count; i++)
		sum = (sum ^ records[i].start ^ records[i].length << 7) * 0x100000001b3ULL;
	return sum;
}

/* What QEMU is told: in order, aligned, within the bitmap, and of that round. */
static void check_records(const struct freehint_range *r, unsigned int count, u64 round)
{
	u64 after = rig.honest && rig.sent_id == round ? rig.after : 0;
	unsigned int i;

	if (rig.sent_id != round)
		rig.sent = 0;
	for (i = 0; i < count; i++) {
		MUST(r[i].start % FREEHINT_PAGE_SIZE == 0 && r[i].start >= after);
		MUST(r[i].length && r[i].length % FREEHINT_PAGE_SIZE == 0);
		MUST(r[i].length <= FREEHINT_MAX_RANGE_BYTES);
		after = r[i].start + r[i].length;
		MUST(after <= capacity() << FREEHINT_PAGE_SHIFT);
		rig.sent += r[i].length >> FREEHINT_PAGE_SHIFT;
		if (!rig.honest)
			continue;
		MUST(r[i].length == FREEHINT_PAGE_SIZE);
		MUST((r[i].start >> FREEHINT_PAGE_SHIFT) % 64 == round % 64);
	}
	rig.sent_id = round;
	rig.after = after;
}

/* Takes the place of the one in qmp_client.c. */
int qmp_client_send(struct qmp_client *client, enum qmp_command command,
		    unsigned int cookie, int fd, const char *fmt, ...)
{
	const struct hint_buffer *buffer = &rig.flow.batch.buffers[cookie];
	unsigned int count, index;
	va_list args;
	u64 round;

	MUST(client == &rig.qmp && cookie < FREEHINT_MAX_INFLIGHT && !buffer->busy);
	MUST((fd >= 0) == (command == QMP_GETFD));
	if (command != QMP_MARK_CLEAN)
		return 0;
	va_start(args, fmt);
	round = va_arg(args, unsigned long long);
	index = va_arg(args, unsigned int);
	count = va_arg(args, unsigned int);
	va_end(args);
	MUST(index == cookie && count <= FREEHINT_MAX_RANGES);
	MUST(round && round <= FREEHINT_ROUND_MAX);
	/* and one range that was open */
	MUST(!count || count - 1 <= rig.flow.batch.qemu_room);
	check_records(buffer->records, count, round);
	rig.sums[cookie] = sum_of(buffer->records, count);
	rig.counts[cookie] = count;
	return 0;
}

void round_rig_reply(u8 how)
{
	struct qmp_message message = {
		.kind = how & 0x80 ? QMP_MESSAGE_ERROR : QMP_MESSAGE_REPLY,
		.command = QMP_MARK_CLEAN,
		.cookie = how % FREEHINT_MAX_INFLIGHT,
		.name = "GenericError",
		.desc = how & 0x40 ? "round 1 is stale" : "range 0 is odd",
	};
	json_t *body = NULL;
	const struct hint_buffer *buffer = &rig.flow.batch.buffers[message.cookie];

	if (!buffer->busy)
		return;
	/* Nobody wrote to it while QEMU might have read it. */
	MUST(sum_of(buffer->records, rig.counts[message.cookie]) ==
	     rig.sums[message.cookie]);
	/* Little room, or as much as there is; an older QEMU says nothing of it. */
	if (how & 0x30)
		body = json_pack("{s:i}", FREEHINT_ARG_ROOM,
				 how & 0x20 ? FREEHINT_MAX_QUEUED : take8(&rig.in) % 4);
	message.body = body;
	hint_flow_reply(&rig.flow, &message);
	json_decref(body);
	MUST(!buffer->busy);
}

void round_rig_poll(void)
{
	rig.quiet = 0;
	/* No clock: QEMU may be asked for room again. */
	rig.flow.batch.asked_us = 0;
	armed = true;
	MUST(!hint_flow_poll(&rig.flow));
	armed = false;
	MUST(rig.flow.round.mark <= capacity() && rig.flow.round.copied <= rig.flow.round.mark);
	MUST(rig.flow.round.bits <= rig.flow.round.copied);
	/* Who keeps to the protocol is never called a liar. */
	MUST(!rig.honest || !rig.stats.faulty);
}

static void make_guest(void)
{
	rig.shadow = aligned_alloc(64, rig.size);
	MUST(rig.shadow);
	memset(rig.shadow, 0, rig.size);
	MUST(!freehint_write_host_hello((void *)rig.shadow, rig.size, INSTANCE));
	MUST(!freehint_publisher_attach(&rig.guest, rig.shadow, rig.size));
}

void round_rig_start(const u8 *data, size_t size)
{
	static const u64 sizes[] = { 8192, 16384, 81920, 8192 + 64 };
	static bool made;
	u8 head;

	if (!made) {
		log_init(LOG_LEVEL_ERROR);
		MUST(!hint_flow_init(&rig.flow, &rig.qmp, &rig.stats));
		made = true;
	}
	rig.in = (struct input){ data, size };
	head = take8(&rig.in);
	rig.honest = head & 1;
	rig.size = sizes[head / 2 % 4];
	/* Ids of two rounds in a row differ modulo 64. */
	rig.last_id = 1000 + head;
	rig.asked = rig.sealed = rig.sent = rig.sent_id = rig.after = rig.free = 0;
	make_guest();
	rig.first = rig.end = 0;
	memset(&rig.stats, 0, sizeof(rig.stats));
	rig.region = aligned_alloc(64, rig.size);
	MUST(rig.region);
	memset(rig.region, 0, rig.size);
	MUST(!freehint_write_host_hello(shm(), rig.size, INSTANCE));
	hint_batch_reset(&rig.flow.batch);
	MUST(!hint_round_attach(&rig.flow.round, rig.region, rig.size));
}

void round_rig_end(void)
{
	hint_round_detach(&rig.flow.round);
	free(rig.region);
	free(rig.shadow);
	rig.region = NULL;
	rig.shadow = NULL;
}
