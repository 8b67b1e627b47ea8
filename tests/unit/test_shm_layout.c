// SPDX-License-Identifier: GPL-2.0
/*
 * Every offset, size and number of the shared layout against golden/shm_layout.txt,
 * byte for byte. With --dump the program prints what the headers say now.
 */
#include "include/freehint/qmp_names.h"
#include "include/freehint/shm_layout.h"
#include "tests/unit/unit.h"

#define GOLDEN	"tests/golden/shm_layout.txt"

#define NUMBER(name)	fprintf(out, "%s 0x%llx\n", #name, (unsigned long long)(name))
#define STRUCT(name)	fprintf(out, "struct %s %zu\n", #name, sizeof(struct name))
#define FIELD(type, name)						\
	fprintf(out, "\t%s %zu %zu\n", #name, offsetof(struct type, name),	\
		sizeof(((struct type *)0)->name))

static void dump_numbers(FILE *out)
{
	NUMBER(FREEHINT_MAGIC);
	NUMBER(FREEHINT_VERSION);
	NUMBER(FREEHINT_VERSION_POLL);
	NUMBER(FREEHINT_VERSION_GIVE_BACK);
	NUMBER(FREEHINT_VERSION_MIN);
	NUMBER(FREEHINT_PAGE_SHIFT);
	NUMBER(FREEHINT_HEADER_SIZE);
	NUMBER(FREEHINT_WORD_BITS);
	NUMBER(FREEHINT_NO_ROUND);
	NUMBER(FREEHINT_ROUND_MAX);
	NUMBER(FREEHINT_PHASE_OFF);
	NUMBER(FREEHINT_PHASE_READY);
	NUMBER(FREEHINT_PHASE_ROUND);
	NUMBER(FREEHINT_CONTRACT_NONE);
	NUMBER(FREEHINT_CONTRACT_DEAD);
	NUMBER(FREEHINT_CONTRACT_ZERO);
	NUMBER(FREEHINT_CONTRACT_REFUSED);
	NUMBER(FREEHINT_REFUSAL_NONE);
	NUMBER(FREEHINT_REFUSAL_POISON);
	NUMBER(FREEHINT_REFUSAL_PAGE_SIZE);
	NUMBER(FREEHINT_REFUSAL_ADMIN);
	NUMBER(FREEHINT_REFUSAL_KERNEL);
	NUMBER(FREEHINT_REFUSAL_PREZERO);
	NUMBER(FREEHINT_SEAL_NONE);
	NUMBER(FREEHINT_SEAL_COMPLETE);
	NUMBER(FREEHINT_SEAL_DECLINED);
	NUMBER(FREEHINT_SEAL_ABORTED);
}

static void dump_give_back_numbers(FILE *out)
{
	NUMBER(FREEHINT_NO_SESSION);
	NUMBER(FREEHINT_NO_OFFER);
	NUMBER(FREEHINT_OFFER_BLOCKS);
	NUMBER(FREEHINT_OFFER_MAX);
	NUMBER(FREEHINT_OFFER_LINES);
	NUMBER(FREEHINT_ANSWER_BITS);
	NUMBER(FREEHINT_BLOCK_PFN_BITS);
	NUMBER(FREEHINT_BLOCK_ORDER_SHIFT);
	NUMBER(FREEHINT_BLOCK_MAX_ORDER);
	NUMBER(FREEHINT_GIVE_BACK_UNKNOWN);
	NUMBER(FREEHINT_GIVE_BACK_POSSIBLE);
	NUMBER(FREEHINT_GIVE_BACK_NO_KERNEL);
	NUMBER(FREEHINT_GIVE_BACK_BUSY);
	NUMBER(FREEHINT_GIVE_BACK_CONTRACT);
	NUMBER(FREEHINT_GIVE_BACK_ADMIN);
	NUMBER(FREEHINT_GIVE_BACK_FAILED);
	NUMBER(FREEHINT_ANSWER_NONE);
	NUMBER(FREEHINT_ANSWER_TAKEN);
	NUMBER(FREEHINT_ANSWER_DONE);
	NUMBER(FREEHINT_ANSWER_DECLINED);
}

static void dump_host_lines(FILE *out)
{
	STRUCT(freehint_host_hello);
	FIELD(freehint_host_hello, magic);
	FIELD(freehint_host_hello, version_min);
	FIELD(freehint_host_hello, version);
	FIELD(freehint_host_hello, header_size);
	FIELD(freehint_host_hello, instance);
	FIELD(freehint_host_hello, region_size);
	FIELD(freehint_host_hello, bitmap_offset);
	FIELD(freehint_host_hello, capacity);
	FIELD(freehint_host_hello, reserved);
	STRUCT(freehint_host_request);
	FIELD(freehint_host_request, round);
	FIELD(freehint_host_request, phase);
	FIELD(freehint_host_request, pass);
	FIELD(freehint_host_request, kicks);
	FIELD(freehint_host_request, pad);
	FIELD(freehint_host_request, reserved);
}

static void dump_guest_lines(FILE *out)
{
	STRUCT(freehint_guest_hello);
	FIELD(freehint_guest_hello, instance);
	FIELD(freehint_guest_hello, version);
	FIELD(freehint_guest_hello, page_shift);
	FIELD(freehint_guest_hello, contract);
	FIELD(freehint_guest_hello, refusal);
	FIELD(freehint_guest_hello, max_order);
	FIELD(freehint_guest_hello, give_back);
	FIELD(freehint_guest_hello, end_pfn);
	FIELD(freehint_guest_hello, incarnation);
	FIELD(freehint_guest_hello, reserved);
	STRUCT(freehint_guest_beat);
	FIELD(freehint_guest_beat, beats);
	FIELD(freehint_guest_beat, poll_us);
	FIELD(freehint_guest_beat, pad);
	FIELD(freehint_guest_beat, reserved);
	STRUCT(freehint_guest_progress);
	FIELD(freehint_guest_progress, round);
	FIELD(freehint_guest_progress, watermark);
	FIELD(freehint_guest_progress, reserved);
	STRUCT(freehint_guest_seal);
	FIELD(freehint_guest_seal, round);
	FIELD(freehint_guest_seal, status);
	FIELD(freehint_guest_seal, hold_us);
	FIELD(freehint_guest_seal, free_pages);
	FIELD(freehint_guest_seal, end_pfn);
	FIELD(freehint_guest_seal, scan_us);
	FIELD(freehint_guest_seal, blocks);
	FIELD(freehint_guest_seal, reserved);
}

static void dump_give_back_lines(FILE *out)
{
	STRUCT(freehint_give_back_request);
	FIELD(freehint_give_back_request, session);
	FIELD(freehint_give_back_request, order);
	FIELD(freehint_give_back_request, pad);
	FIELD(freehint_give_back_request, leave);
	FIELD(freehint_give_back_request, reserved);
	STRUCT(freehint_give_back_answer);
	FIELD(freehint_give_back_answer, answer);
	FIELD(freehint_give_back_answer, reserved);
	STRUCT(freehint_give_back_state);
	FIELD(freehint_give_back_state, session);
	FIELD(freehint_give_back_state, drained);
	FIELD(freehint_give_back_state, offers);
	FIELD(freehint_give_back_state, pages);
	FIELD(freehint_give_back_state, withdrawn);
	FIELD(freehint_give_back_state, reserved);
	STRUCT(freehint_offer);
	FIELD(freehint_offer, sequence);
	FIELD(freehint_offer, session);
	FIELD(freehint_offer, count);
	FIELD(freehint_offer, pad);
	FIELD(freehint_offer, reserved);
	FIELD(freehint_offer, block);
}

static void dump_whole(FILE *out)
{
	STRUCT(freehint_shm);
	FIELD(freehint_shm, host_hello);
	FIELD(freehint_shm, host_request);
	FIELD(freehint_shm, guest_hello);
	FIELD(freehint_shm, guest_beat);
	FIELD(freehint_shm, guest_progress);
	FIELD(freehint_shm, guest_seal);
	FIELD(freehint_shm, give_back_request);
	FIELD(freehint_shm, give_back_answer);
	FIELD(freehint_shm, give_back_state);
	FIELD(freehint_shm, offer);
	FIELD(freehint_shm, reserved);
	STRUCT(freehint_range);
	FIELD(freehint_range, start);
	FIELD(freehint_range, length);
}

static void dump(FILE *out)
{
	dump_numbers(out);
	dump_give_back_numbers(out);
	dump_host_lines(out);
	dump_guest_lines(out);
	dump_give_back_lines(out);
	dump_whole(out);
}

static void layout_is_the_golden_one(void **state)
{
	char want[16384], *have = NULL;
	size_t size = 0, got;
	FILE *golden, *out;

	golden = fopen(GOLDEN, "r");
	if (!golden)
		fail_msg("cannot open %s; run from the top of the tree", GOLDEN);
	got = fread(want, 1, sizeof(want) - 1, golden);
	want[got] = '\0';
	fclose(golden);
	out = open_memstream(&have, &size);
	assert_non_null(out);
	dump(out);
	fclose(out);
	assert_string_equal(have, want);
	free(have);
}

/* A layout with a hole or an overlap could agree with itself and still be wrong. */
#define FILLS(type, last)						\
	assert_int_equal(offsetof(struct type, last) +			\
			 sizeof(((struct type *)0)->last), sizeof(struct type))

static void structs_end_with_their_last_field(void **state)
{
	FILLS(freehint_host_hello, reserved);
	FILLS(freehint_host_request, reserved);
	FILLS(freehint_guest_hello, reserved);
	FILLS(freehint_guest_beat, reserved);
	FILLS(freehint_guest_progress, reserved);
	FILLS(freehint_guest_seal, reserved);
	FILLS(freehint_give_back_request, reserved);
	FILLS(freehint_give_back_answer, reserved);
	FILLS(freehint_give_back_state, reserved);
	FILLS(freehint_offer, block);
	FILLS(freehint_shm, reserved);
}

static void magic_spells_freehint(void **state)
{
	u64 magic = FREEHINT_MAGIC;

	assert_memory_equal(&magic, "FREEHINT", 8);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_the_golden_one),
		cmocka_unit_test(structs_end_with_their_last_field),
		cmocka_unit_test(magic_spells_freehint),
	};

	if (argc > 1 && !strcmp(argv[1], "--dump")) {
		dump(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
