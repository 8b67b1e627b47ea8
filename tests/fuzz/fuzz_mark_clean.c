// SPDX-License-Identifier: GPL-2.0
/*
 * Any arguments and any records to x-freehint-mark-clean, against a model of guest
 * memory: what is taken must be what was asked for, inside memory that was armed,
 * above the firmware, in order; what is wrong must be refused, with nothing queued
 * and no descriptor left open.
 */
/* links: host-agent/qemu-module/round/mark_clean.c host-agent/qemu-module/gate/bql_hold.c */
/* links: host-agent/qemu-module/core/range_source.c */
/* links: host-agent/qemu-module/core/range_check.c */
/* links: host-agent/qemu-module/core/qmp_args.c */
/* links: host-agent/qemu-module/core/guest_refusal.c */
/* links: host-agent/qemu-module/core/arm.c host-agent/qemu-module/core/ram_map.c */
/* links: tests/fakes/fake_qemu.c tests/fakes/fake_qobject.c tests/fuzz/clean_rig.c */
/* libs: jansson */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "clean_rig.h"
#include "odd_args.h"
#include "include/freehint/qmp_names.h"
#include "host-agent/qemu-module/round/mark_clean.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/fakes/fake_qobject.h"

#define MAX_RANGES	96

static struct freehint_range ranges[MAX_RANGES];
static unsigned int count;
/* Does the command name ranges, rounds and everything else as it should? */
static bool sound;

/* Near the borders of a block, most of the time. */
static u64 some_address(struct input *in)
{
	u8 which = take8(in);
	const struct RAMBlock *b = &fake.block[which % CLEAN_BLOCKS];
	u64 pages = (u64)(signed char)take8(in);

	switch (which >> 5) {
	case 0:
		return b->gpa + pages * FREEHINT_PAGE_SIZE;
	case 1:
		return b->gpa + b->len + pages * FREEHINT_PAGE_SIZE;
	case 2:
		return FREEHINT_FIRMWARE_END + pages * FREEHINT_PAGE_SIZE;
	case 3:
		return take64(in);
	default:
		return b->gpa + take16(in) * FREEHINT_PAGE_SIZE % b->len;
	}
}

static u64 some_length(struct input *in)
{
	u8 which = take8(in);

	if (which < 0xc0)
		return (which + 1) * FREEHINT_PAGE_SIZE;
	if (which < 0xf0)
		return take16(in) * FREEHINT_PAGE_SIZE;
	return which & 1 ? take64(in) : take8(in);
}

static void make_ranges(struct input *in)
{
	u64 after = 0;
	u8 how;

	count = take8(in) % MAX_RANGES;
	for (unsigned int i = 0; i < count; i++) {
		how = take8(in);
		/* Mostly behind the one before, or nothing would ever be in order. */
		ranges[i].start = how & 3 ? after + (how >> 2) * FREEHINT_PAGE_SIZE :
					    some_address(in);
		ranges[i].length = some_length(in);
		after = ranges[i].start + ranges[i].length;
	}
}

static int file_of_ranges(void)
{
	int fd = memfd_create("records", MFD_CLOEXEC);
	size_t size = count * sizeof(ranges[0]);

	MUST(fd >= 0 && write(fd, ranges, size) == (ssize_t)size);
	fake_pass_fd("a", fd);
	return fd;
}

/* Sometimes an argument is missing, or is something else, or is one too many. */
static void spoil(json_t *args, struct input *in)
{
	static const char *const keys[] = {
		FREEHINT_ARG_ROUND, FREEHINT_ARG_RANGES, FREEHINT_ARG_FDNAME,
		FREEHINT_ARG_COUNT, FREEHINT_ARG_LAST, "surplus", FREEHINT_ARG_START,
	};
	u8 what = take8(in);
	const char *key = keys[what % 7];

	sound = false;
	if (what & 0x80)
		json_object_del(args, key);
	else
		json_object_set_new(args, key, odd_value(what / 8, "a", "true"));
}

static u64 some_round(struct input *in)
{
	u8 which = take8(in);

	if (which >= 16)
		return CLEAN_ROUND;
	sound = false;
	return which & 1 ? CLEAN_ROUND - which : take64(in);
}

static json_t *make_command(struct input *in, u8 how, int *fd)
{
	json_t *args = json_pack("{s:I}", FREEHINT_ARG_ROUND, (json_int_t)some_round(in));
	u8 wrong = take8(in);

	if (how & 1) {
		json_object_set_new(args, FREEHINT_ARG_RANGES, list_of(ranges, count, &sound));
	} else {
		*fd = file_of_ranges();
		json_object_set_new(args, FREEHINT_ARG_FDNAME, json_string("a"));
		/* A file that is longer than it says is fine, a shorter one is not. */
		if (wrong < 16)
			sound = false;
		json_object_set_new(args, FREEHINT_ARG_COUNT,
				    json_integer(wrong < 16 ? count + 1 + wrong : count));
	}
	if (how & 2)
		json_object_set_new(args, FREEHINT_ARG_LAST, json_boolean(how & 4));
	if (how >= 0xe0)
		spoil(args, in);
	return args;
}

static void run(json_t *args, int fd)
{
	bool good = clean_rig_allows(ranges, count);
	json_t *answer;

	clean_rig_expect(ranges, count);
	answer = fake_run(mark_clean, args);
	/* Wrong arguments may still make sense; wrong ranges never do. */
	if (sound)
		MUST(good == !!answer);
	clean_rig_check(answer);
	json_decref(answer);
	if (fd < 0)
		return;
	/* Whoever is named the descriptor closes it. */
	if (!fake_fd_is_taken()) {
		MUST(!sound);
		close(fd);
		fake_pass_fd("", -1);
	}
	MUST(lseek(fd, 0, SEEK_CUR) < 0);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u8 how = take8(&in);
	json_t *args;
	int fd = -1;

	clean_rig_start(take8(&in));
	sound = clean_rig_is_open();
	make_ranges(&in);
	args = make_command(&in, how, &fd);
	run(args, fd);
	return 0;
}
