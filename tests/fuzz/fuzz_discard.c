// SPDX-License-Identifier: GPL-2.0
/*
 * Any x-freehint-give-back and x-freehint-discard, from a peer that repeats what a hostile
 * guest has written, in any order with migrations, stops, unplugged memory and a guest that
 * takes its offers back. Accepted is what a model accepts. Only pages of the offer that was
 * taken are discarded, with the big lock and a reference held; DONE comes after all of them;
 * an offer that stands and is refused is declined.
 */
/* links: host-agent/qemu-module/core/region_lock.c */
/* links: host-agent/qemu-module/give-back/discard_command.c */
/* links: host-agent/qemu-module/give-back/give_back_session.c */
/* links: host-agent/qemu-module/give-back/offer.c */
/* links: host-agent/qemu-module/give-back/discard_slices.c */
/* links: host-agent/qemu-module/give-back/obstacle.c */
/* links: host-agent/qemu-module/give-back/discardable.c */
/* links: host-agent/qemu-module/give-back/migration_check.c */
/* links: host-agent/qemu-module/entry/give_back_command.c */
/* links: host-agent/qemu-module/core/guest_refusal.c */
/* links: host-agent/qemu-module/core/first_sync.c */
/* links: host-agent/qemu-module/core/qmp_args.c */
/* links: host-agent/qemu-module/core/migration_info.c host-agent/qemu-module/core/bar.c */
/* links: host-agent/qemu-module/core/range_source.c host-agent/qemu-module/core/range_check.c */
/* links: host-agent/qemu-module/core/ram_map.c host-agent/qemu-module/gate/round_gate.c */
/* links: host-agent/qemu-module/gate/round_history.c host-agent/qemu-module/gate/bql_hold.c */
/* links: host-agent/qemu-module/gate/range_queue.c */
/* links: host-agent/qemu-module/map/page_map.c */
/* links: host-agent/qemu-module/core/peer_wake.c */
/* links: proto/host_offer.c proto/host_snapshot.c proto/host_request.c proto/guest_offer.c */
/* links: proto/guest_publish.c */
/* links: tests/fuzz/discard_rig.c tests/fuzz/discard_guest.c */
/* links: tests/fakes/fake_qemu.c tests/fakes/fake_qobject.c tests/fakes/fake_discard.c */
/* libs: jansson */
/* flags: -pthread */
#include "discard_guest.h"
#include "odd_args.h"

#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/entry/give_back_command.h"
#include "host-agent/qemu-module/give-back/discard_command.h"
#include "host-agent/qemu-module/give-back/give_back_session.h"
#include "host-agent/qemu-module/give-back/offer.h"
#include "tests/fakes/fake_qobject.h"

/* Ranges of a command that one input makes. */
#define MANY	6

/* A list whose range has no length. */
#define HALF	"[{\"" FREEHINT_ARG_START "\": 4096}]"

static struct input input;

/* Returns true if the arguments are no more what they were. */
static bool spoil(json_t *args)
{
	static const char *const keys[] = {
		FREEHINT_ARG_OFFER, FREEHINT_ARG_RANGES, FREEHINT_ARG_MODE, FREEHINT_ARG_ORDER,
		FREEHINT_ARG_LEAVE, "surplus", FREEHINT_ARG_FDNAME, FREEHINT_ARG_LAST,
	};
	u8 what = take8(&input);
	const char *key;

	if (what < 0xe0)
		return false;
	key = keys[what % 8];
	if (what & 0x10)
		json_object_del(args, key);
	else
		json_object_set_new(args, key, odd_value(take8(&input), "once", HALF));
	return true;
}

static void ask(u8 how)
{
	static const char *const modes[] = { "always", "once", "off", "never" };
	json_t *args = json_pack("{s:s, s:i}", FREEHINT_ARG_MODE, modes[how / 8 % 4],
				 FREEHINT_ARG_ORDER, 1 + how % 8);

	spoil(args);
	json_decref(fake_run(give_back_command, args));
}

/* The ranges of the offer as an honest agent makes them, or others. */
static unsigned int make_ranges(struct freehint_range *range, const struct freehint_offer *offer,
				u8 how)
{
	unsigned int i, count = how % (MANY + 1);

	if (how & 0x80) {
		for (i = 0; i < count; i++) {
			range[i].start = discard_some_page(&input) << FREEHINT_PAGE_SHIFT;
			range[i].length = take16(&input) * 16ULL * (how & 0x40 ? 256 : 1);
		}
		return count;
	}
	for (i = 0; i < offer->count && i < MANY; i++) {
		range[i].start = freehint_block_pfn(offer->block[i]) << FREEHINT_PAGE_SHIFT;
		range[i].length = freehint_block_pages(offer->block[i]) << FREEHINT_PAGE_SHIFT;
	}
	/* Too many ranges, each of them in the offer. */
	for (; how & 0x40 && i && i < RIG_RANGES && range[0].length > FREEHINT_PAGE_SIZE; i++) {
		range[i] = range[i - 1];
		range[i - 1].length = FREEHINT_PAGE_SIZE;
		range[i].start += FREEHINT_PAGE_SIZE;
		range[i].length -= FREEHINT_PAGE_SIZE;
		if (!range[i].length)
			return i;
	}
	return i;
}

/* What an agent would copy; count 0 if the guest has published nonsense or nothing. */
static struct freehint_offer copy_offer(void)
{
	struct freehint_offer offer = { .count = 0 };
	struct freehint_reader reader;

	MUST(!freehint_reader_attach(&reader, rig.shm, RIG_SHM_SIZE));
	if (freehint_copy_offer(&reader, &offer))
		offer.count = 0;
	return offer;
}

/**
 * struct command - an x-freehint-discard, and what was there when it came
 * @offer:    what the guest has published
 * @sequence: what the command names
 * @range:    its ranges, @count of them
 * @sound:    its arguments are what they should be
 * @answer:   the word in the region
 * @busy:     another offer is in progress
 */
struct command {
	struct freehint_offer offer;
	u64 sequence;
	struct freehint_range range[RIG_RANGES];
	unsigned int count;
	bool sound;
	u64 answer;
	bool busy;
};

static void accepted(const struct command *c)
{
	u64 expected;

	MUST(!c->busy && c->offer.count && c->offer.sequence == c->sequence);
	MUST(!discard_rig_forbidden() && give_back_is_asking());
	MUST(discard_rig_allows(c->range, c->count, &c->offer, &expected));
	if (!rig.lied)
		MUST(c->offer.session == rig.shm->give_back_request.session);
	MUST(discard_rig_answer(c->sequence) == FREEHINT_ANSWER_TAKEN);
	rig.running = true;
	rig.sequence = c->sequence;
	rig.session = c->offer.session;
	memcpy(rig.range, c->range, sizeof(rig.range));
	rig.count = c->count;
	rig.expected = expected;
	rig.done = 0;
}

/* @asking: a session stood in the region when the command came, and nothing forbids it now. */
static void refused(const struct command *c, bool asking)
{
	u64 expected;
	bool stands = c->offer.count && c->offer.sequence == c->sequence;

	if (c->busy)
		MUST(rig.shm->give_back_answer.answer == c->answer);
	if (c->busy || !asking || !stands || !c->sound)
		return;
	MUST(discard_rig_answer(c->sequence) == FREEHINT_ANSWER_DECLINED);
	/* What is right is refused for a reason: it is of another session, or forbidden. */
	if (discard_rig_allows(c->range, c->count, &c->offer, &expected) && !rig.lied &&
	    give_back_is_asking() && c->offer.session == rig.shm->give_back_request.session) {
		fprintf(stderr, "refused: %s\n", fake.error);
		MUST(!"refused without a reason");
	}
}

static void discard(u8 how)
{
	struct command c = { .offer = copy_offer(), .sound = true };
	bool asking = give_back_is_asking();
	json_t *args, *answer;

	c.sequence = how & 0x20 ? take8(&input) : rig.shm->offer.sequence;
	c.count = make_ranges(c.range, &c.offer, take8(&input));
	c.busy = offer_is_busy();
	c.answer = rig.shm->give_back_answer.answer;
	args = json_pack("{s:I}", FREEHINT_ARG_OFFER, (json_int_t)c.sequence);
	json_object_set_new(args, FREEHINT_ARG_RANGES, list_of(c.range, c.count, &c.sound));
	if (spoil(args))
		c.sound = false;
	answer = fake_run(discard_command, args);
	if (answer)
		accepted(&c);
	else
		refused(&c, asking);
	json_decref(answer);
}

/* Another instance: a reset or a guest that arrives (host_hello.c). */
static void new_instance(void)
{
	give_back_suspend("the guest was reset");
	/* The offer is declined now; the hello removes the answer. */
	discard_rig_follow();
	MUST(rig.lied || !rig.running);
	bar_new_instance();
	bar_publish_hello();
}

static void host_does(u8 how)
{
	static const char *const status[] = {
		NULL, "none", "setup", "active", "completed", "failed", "cancelled", "unheard",
	};

	switch (how % 8) {
	case 0:
		fake_discard.status = status[how / 8 % 8];
		break;
	case 1:
		fake.running = how & 8;
		break;
	case 2:
		fake_discard.disabled = how & 8;
		break;
	case 3:
		fake.block[how / 8 % DISCARD_BLOCKS].gone = how & 0x80;
		break;
	case 4:
		fake_discard.fails = how & 8;
		break;
	case 5:
		new_instance();
		break;
	case 6:
		fake.incoming = how & 8;
		break;
	default:
		fake.colo = how & 8;
		break;
	}
}

/* One timer runs out before the others: in any order, as in a busy main loop. */
static void a_timer_runs_out(u8 how)
{
	struct fake_timer *timer = &fake.timer[how % FAKE_MAX_TIMERS];

	if (!timer->timer || !timer->set)
		return;
	timer->set = false;
	timer->fn(NULL);
}

static void step(void)
{
	u8 what = take8(&input), how = take8(&input);

	switch (what % 8) {
	case 0:
	case 1:
		discard_guest(&input, how);
		break;
	case 2:
		ask(how);
		break;
	case 3:
	case 4:
		discard(how);
		break;
	case 5:
		host_does(how);
		break;
	case 6:
		a_timer_runs_out(how);
		break;
	default:
		fake_time_passes();
		break;
	}
	discard_rig_follow();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	input = (struct input){ data, size };
	discard_rig_start();
	while (input.left)
		step();
	discard_rig_end();
	return 0;
}
