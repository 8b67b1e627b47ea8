// SPDX-License-Identifier: GPL-2.0
/*
 * x-freehint-mark-clean: what is taken, what is refused and in which words, and that
 * a refused command queues nothing.
 */
/* rig: tests/unit/bar_rig.h */
/* links: host-agent/qemu-module/round/mark_clean.c */
/* links: host-agent/qemu-module/core/range_source.c host-agent/qemu-module/core/arm.c */
/* links: host-agent/qemu-module/core/range_check.c */
/* links: host-agent/qemu-module/core/qmp_args.c */
/* links: host-agent/qemu-module/core/guest_refusal.c */
/* links: host-agent/qemu-module/core/ram_map.c tests/fakes/fake_qobject.c */
/* libs: jansson */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "host-agent/common/clock.h"
#include "host-agent/qemu-module/core/arm.h"
#include "host-agent/qemu-module/round/mark_clean.h"
#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"
#include "tests/fakes/fake_qobject.h"
#include "tests/unit/bar_rig.h"

#define MIB		(1ULL << 20)
#define RAM		(64 * MIB)
static u64 round_id;

static int setup(void **state)
{
	arm_release();
	fake_qemu_init();
	fake_qobject_init();
	fake_add_block(0, RAM);
	fake_add_block(4096 * MIB, RAM);
	fake_add_block(4096 * MIB + RAM, RAM);
	attach();
	publish_hello(FREEHINT_CONTRACT_DEAD);
	arm_acquire();
	arm_all(NULL);
	round_id = gate_open(1, clock_us());
	return 0;
}

static int teardown(void **state)
{
	gate_close(true);
	return 0;
}

/* Returns the queued pages, or -1 and the text in fake.error. */
static long run_command(json_t *args)
{
	json_t *answer = fake_run(mark_clean, args);
	long pages = -1;

	if (answer)
		pages = (long)json_integer_value(json_object_get(answer, "queued-pages"));
	json_decref(answer);
	return pages;
}

static json_t *one(u64 start, u64 length)
{
	return json_pack("{s:I, s:[{s:I, s:I}]}", "round", (json_int_t)round_id, "ranges",
			 "start", (json_int_t)start, "length", (json_int_t)length);
}

static json_t *two(u64 a, u64 a_len, u64 b, u64 b_len)
{
	return json_pack("{s:I, s:[{s:I, s:I}, {s:I, s:I}]}", "round", (json_int_t)round_id,
			 "ranges", "start", (json_int_t)a, "length", (json_int_t)a_len,
			 "start", (json_int_t)b, "length", (json_int_t)b_len);
}

static json_t *text(const char *json)
{
	return json_loads(json, 0, NULL);
}

static void refused(json_t *args, const char *words)
{
	struct gate_view before, after;

	gate_view(&before);
	assert_int_equal(run_command(args), -1);
	if (!strstr(fake.error, words))
		fail_msg("\"%s\" does not say \"%s\"", fake.error, words);
	gate_view(&after);
	assert_int_equal(after.counters.commands_refused, before.counters.commands_refused + 1);
	assert_int_equal(after.counters.ranges, before.counters.ranges);
}

static void good_ranges_are_queued(void **state)
{
	assert_int_equal(run_command(one(MIB, 4096)), 1);
	assert_int_equal(run_command(two(MIB, MIB, 2 * MIB, RAM - 2 * MIB)), 256 * 63);
	assert_int_equal(run_command(one(4096 * MIB + RAM - 4096, 8192)), 2);
}

static void memory_of_the_firmware_is_left_alone(void **state)
{
	struct gate_view before, after;

	gate_view(&before);
	assert_int_equal(run_command(one(0, MIB)), 0);
	assert_int_equal(run_command(one(MIB - 4096, 8192)), 1);
	gate_view(&after);
	assert_int_equal(after.counters.pages_firmware, before.counters.pages_firmware + 257);
}

static void bad_ranges_are_refused_by_number(void **state)
{
	refused(one(MIB, 0), "range 0 [0x100000, +0x0) is empty");
	refused(one(MIB + 1, 4096), "is not aligned");
	refused(one(MIB, 4095), "is not aligned");
	refused(one(MIB, (1ULL << 44) + 4096), "longer than 16 TiB");
	refused(one(1ULL << 46, 4096), "ends above 64 TiB");
	refused(one((1ULL << 63) - 4096, 4096), "ends above 64 TiB");
	refused(two(2 * MIB, MIB, MIB, 4096), "range 1 [0x100000, +0x1000) starts before");
	refused(one(MIB, 0), "; send ranges in order, page-aligned, without overlap");
	refused(two(MIB, 8192, MIB + 4096, 4096), "starts before");
	refused(one(RAM, 4096), "range 0 at 0x4000000 is outside guest RAM");
	refused(one(RAM, 4096), "; leave it out");
	refused(two(MIB, 4096, RAM - 4096, 8192), "range 1 at 0x4000000 is outside guest RAM");
}

static u64 ignored(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.counters.pages_ignored;
}

/* The guest sees two nodes as one piece of memory; one of them stays where it is. */
static void memory_that_does_not_migrate_is_left_out_and_the_rest_is_queued(void **state)
{
	u64 before = ignored();

	fake.block[1].ignored = true;
	arm_acquire();
	arm_all(NULL);
	assert_int_equal(run_command(one(4096 * MIB + RAM - MIB, 3 * MIB)), 512);
	assert_int_equal(ignored() - before, 256);
	assert_int_equal(run_command(two(MIB, MIB, 4096 * MIB, RAM)), 256);
	assert_int_equal(ignored() - before, 256 + RAM / 4096);
	fake.block[1].ignored = false;
	fake.block[2].ignored = true;
	arm_acquire();
	arm_all(NULL);
	assert_int_equal(run_command(one(4096 * MIB + RAM - MIB, 3 * MIB)), 256);
}

static void a_page_that_could_not_be_armed_is_left_out_and_the_rest_is_queued(void **state)
{
	u64 before = ignored();

	fake_add_block(8192 * MIB, MIB + 4096);
	arm_acquire();
	arm_all(NULL);
	assert_int_equal(run_command(one(8192 * MIB, MIB + 4096)), 256);
	assert_int_equal(ignored() - before, 1);
}

static void a_command_that_is_refused_leaves_nothing_out(void **state)
{
	u64 before = ignored();

	fake.block[1].ignored = true;
	arm_acquire();
	arm_all(NULL);
	refused(one(4096 * MIB + RAM, 2 * RAM), "is outside guest RAM");
	refused(two(4096 * MIB, MIB, 8192 * MIB, 4096), "is outside guest RAM");
	assert_int_equal(ignored(), before);
}

static void with_nothing_armed_nothing_is_queued(void **state)
{
	arm_release();
	assert_int_equal(run_command(one(MIB, 4096)), 0);
}

static void memory_of_a_device_is_refused(void **state)
{
	fake.block[1].device = true;
	arm_acquire();
	arm_all(NULL);
	refused(one(4096 * MIB, 4096), "belongs to a device");
}

static void other_rounds_are_refused(void **state)
{
	u64 mine = round_id;

	round_id = mine - 1;
	refused(one(MIB, 4096), "is stale");
	round_id = mine;
	gate_close(true);
	refused(one(MIB, 4096), "is closed");
}

static void a_hello_that_cannot_be_used_is_named(void **state)
{
	shm->guest_hello.version = FREEHINT_VERSION + 1;
	refused(one(MIB, 4096), "update freehint of the host");
	publish_hello(FREEHINT_CONTRACT_NONE);
	refused(one(MIB, 4096), "hello is not valid; update freehint of the guest");
	freehint_withdraw(&pub);
	refused(one(MIB, 4096), "no guest module has published its hello; load freehint.ko");
}

static void arguments_are_checked_before_anything_else(void **state)
{
	refused(text("{}"), "'ranges' or 'fdname' is missing");
	refused(text("{\"round\": 1, \"rangs\": []}"), "argument 'rangs' is unknown");
	refused(text("{\"round\": 1, \"ranges\": 5}"), "'ranges' is not a list");
	refused(text("{\"round\": 1, \"ranges\": [5]}"), "range 0 is not {");
	refused(text("{\"round\": 1, \"ranges\": [{\"start\": -1, \"length\": 1}]}"), "range 0");
	refused(text("{\"round\": 1, \"ranges\": [{\"start\": 1}]}"), "range 0 is not {");
	refused(text("{\"round\": 0, \"ranges\": []}"), "'round' is missing or not a positive");
	refused(text("{\"round\": -7, \"ranges\": []}"), "'round'");
	refused(text("{\"round\": 1, \"ranges\": [], \"last\": 1}"), "'last' is not a boolean");
	refused(text("{\"round\": 1, \"ranges\": [], \"fdname\": \"a\"}"), "exclude each other");
	refused(text("{\"round\": 1, \"fdname\": 3, \"count\": 1}"), "'fdname' is not a string");
	refused(text("{\"round\": 1, \"fdname\": \"a\", \"count\": 1}"), "has not been found");
}

static void too_long_a_list_is_refused(void **state)
{
	json_t *args = json_pack("{s:I, s:[]}", "round", (json_int_t)round_id, "ranges");
	unsigned int i;

	for (i = 0; i <= FREEHINT_MAX_JSON_RANGES; i++)
		json_array_append_new(json_object_get(args, "ranges"), json_object());
	refused(args, "at most 1024 are accepted");
}

static json_t *by_fd(json_int_t count)
{
	return json_pack("{s:I, s:s, s:I}", "round", (json_int_t)round_id, "fdname", "a",
			 "count", count);
}

static void pass_records(u32 count)
{
	int fd = memfd_create("records", MFD_CLOEXEC);
	struct freehint_range r;
	u32 i;

	assert_true(fd >= 0);
	for (i = 0; i < count; i++) {
		r.start = MIB + i * 8192ULL;
		r.length = 4096;
		assert_int_equal(write(fd, &r, sizeof(r)), sizeof(r));
	}
	fake_pass_fd("a", fd);
}

static void records_in_a_file_are_queued(void **state)
{
	pass_records(FREEHINT_MAX_RANGES);
	assert_int_equal(run_command(by_fd(FREEHINT_MAX_RANGES)), FREEHINT_MAX_RANGES);
	assert_true(fake_fd_is_taken());
	pass_records(0);
	assert_int_equal(run_command(by_fd(0)), 0);
}

static void bad_files_are_refused_and_closed(void **state)
{
	int ends[2];

	pass_records(3);
	refused(by_fd(4), "holds 48 bytes, 4 ranges are 64");
	pass_records(3);
	refused(by_fd(-1), "'count' is missing, negative or above 4096");
	pass_records(3);
	refused(by_fd(FREEHINT_MAX_RANGES + 1), "'count'");
	assert_int_equal(pipe(ends), 0);
	fake_pass_fd("a", ends[0]);
	refused(by_fd(1), "is not a regular file");
	assert_true(fake_fd_is_taken());
	assert_int_equal(write(ends[1], "", 0), 0);
	close(ends[1]);
}

RUN_TESTS(init, finish,
		TEST(good_ranges_are_queued),
		TEST(memory_of_the_firmware_is_left_alone),
		TEST(bad_ranges_are_refused_by_number),
		TEST(memory_that_does_not_migrate_is_left_out_and_the_rest_is_queued),
		TEST(a_page_that_could_not_be_armed_is_left_out_and_the_rest_is_queued),
		TEST(a_command_that_is_refused_leaves_nothing_out),
		TEST(with_nothing_armed_nothing_is_queued),
		TEST(memory_of_a_device_is_refused),
		TEST(other_rounds_are_refused),
		TEST(a_hello_that_cannot_be_used_is_named),
		TEST(arguments_are_checked_before_anything_else),
		TEST(too_long_a_list_is_refused),
		TEST(records_in_a_file_are_queued),
		TEST(bad_files_are_refused_and_closed),
)
