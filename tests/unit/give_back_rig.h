/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests of giving memory back have in common: one extension, 64 MiB of memory in
 * two blocks, and a guest module that offers blocks of it.
 */
/* links: tests/fakes/fake_qobject.c tests/fakes/fake_discard.c proto/guest_offer.c */
/* links: host-agent/qemu-module/core/ram_map.c host-agent/qemu-module/core/range_check.c */
/* links: host-agent/qemu-module/core/range_source.c */
/* links: host-agent/qemu-module/core/qmp_args.c */
/* links: host-agent/qemu-module/give-back/discard_command.c */
/* libs: jansson */
#ifndef FREEHINT_TEST_GIVE_BACK_RIG_H
#define FREEHINT_TEST_GIVE_BACK_RIG_H

#include "host-agent/qemu-module/give-back/discard_command.h"
#include "host-agent/qemu-module/give-back/discardable.h"
#include "host-agent/qemu-module/give-back/offer.h"
#include "include/freehint/qmp_names.h"
#include "proto/guest_offer.h"
#include "tests/fakes/fake_discard.h"
#include "tests/fakes/fake_qobject.h"
#include "tests/unit/precopy_rig.h"

#define MIB		(1ULL << 20)
#define BLOCK		(2 * MIB)
#define HIGH		(4096 * MIB)

static u64 sequence = 1000;
static const char *why;

/* The guest's module says hello and can give back. */
static inline void give_back_hello(u32 give_back)
{
	const struct freehint_guest_facts facts = {
		.contract = FREEHINT_CONTRACT_DEAD,
		.max_order = 10,
		.end_pfn = 1 << 14,
		.give_back = give_back,
	};

	assert_int_equal(freehint_publisher_attach(&pub, shm, SHM_SIZE), 0);
	freehint_publish_hello(&pub, shm->host_hello.instance, &facts);
}

static inline int setup_giving(void **state)
{
	static const struct precopy_limits no_wait;

	fake_qemu_init();
	fake_qobject_init();
	fake_discard_install();
	discardable_forget_all();
	fake_add_block(0, 32 * MIB);
	fake_add_block(HIGH, 32 * MIB);
	fake.shm = shm;
	fake.shm_size = SHM_SIZE;
	precopy_init(&no_wait);
	give_back_init(&give_back_off);
	host_hello_init();
	fake.state(NULL, true, 0);
	give_back_hello(FREEHINT_GIVE_BACK_POSSIBLE);
	memset(&offer_counters, 0, sizeof(offer_counters));
	return 0;
}

/* Nothing of one test is left for the next. */
static inline int teardown_giving(void **state)
{
	give_back_suspend("the test is over");
	give_back_set(&give_back_off, &why);
	fake_time_passes();
	return teardown(state);
}

#define GIVING_TEST(name) cmocka_unit_test_setup_teardown(name, setup_giving, teardown_giving)

static inline bool set_mode(enum give_back_mode mode)
{
	const struct give_back_params some = { .mode = mode, .order = 9, .leave = 2 };

	return give_back_set(&some, &why);
}

static inline struct give_back_view look(void)
{
	struct give_back_view view;

	give_back_look(&view);
	return view;
}

/* Two blocks of 2 MiB: one in each block of memory. */
static inline u64 offer_blocks(void)
{
	const u64 block[] = { freehint_block(4 * MIB >> 12, 9), freehint_block(HIGH >> 12, 9) };

	freehint_publish_offer(&pub, ++sequence, shm->give_back_request.session, block, 2);
	return sequence;
}

/* @count blocks of 2 MiB from @gpa on. */
static inline u64 offer_from(u64 gpa, unsigned int count)
{
	u64 block[FREEHINT_OFFER_BLOCKS];
	unsigned int i;

	for (i = 0; i < count; i++)
		block[i] = freehint_block((gpa + i * BLOCK) >> 12, 9);
	freehint_publish_offer(&pub, ++sequence, shm->give_back_request.session, block, count);
	return sequence;
}

/* Return: true if the command was accepted; otherwise the text is in fake.error. */
static inline bool accepts(qemu_qmp_fn *command, json_t *args)
{
	json_t *answer = fake_run(command, args);
	bool accepted = answer;

	json_decref(answer);
	return accepted;
}

static inline bool run_discard(json_t *args)
{
	return accepts(discard_command, args);
}

static inline json_t *two_ranges(u64 offer)
{
	return json_pack("{s:I, s:[{s:I, s:I}, {s:I, s:I}]}", "offer", (json_int_t)offer,
			 "ranges", "start", (json_int_t)(4 * MIB), "length", (json_int_t)BLOCK,
			 "start", (json_int_t)HIGH, "length", (json_int_t)BLOCK);
}

static inline bool discard_both(u64 offer)
{
	return run_discard(two_ranges(offer));
}

static inline void refused(bool accepted, const char *words)
{
	assert_false(accepted);
	if (!strstr(fake.error, words))
		fail_msg("\"%s\" does not say \"%s\"", fake.error, words);
}

/* The main loop runs until no slice is due; a test never waits for the extension's looks. */
static inline void finish_offer(void)
{
	int i;

	for (i = 0; i < 1000 && offer_is_busy(); i++)
		fake_time_passes();
	assert_false(offer_is_busy());
}

#endif /* FREEHINT_TEST_GIVE_BACK_RIG_H */
