// SPDX-License-Identifier: GPL-2.0
/*
 * The audit: a write to a skipped page that the log does not have is a violation, told
 * once and where; what the log has is put back whole; a write that is older than the hint
 * counts nothing; where memory cannot be watched, it says so and lets the migration be.
 */
/* links: host-agent/qemu-module/core/migration_thread.c */
/* links: host-agent/qemu-module/core/region_lock.c */
/* links: host-agent/qemu-module/audit/dirty_audit.c host-agent/qemu-module/core/arm.c */
/* links: host-agent/qemu-module/core/dirty_log.c */
/* links: host-agent/qemu-module/core/bar.c proto/host_request.c proto/host_snapshot.c */
/* links: host-agent/qemu-module/core/peer_wake.c */
/* links: proto/host_offer.c */
/* links: tests/fakes/fake_qemu.c tests/fakes/fake_log.c */
#include <errno.h>
#include <pthread.h>

#include "host-agent/qemu-module/core/arm.h"
#include "host-agent/qemu-module/audit/dirty_audit.h"
#include "host-agent/qemu-module/core/migration_thread.h"
#include "host-agent/qemu-module/audit/write_watch.h"
#include "include/freehint/shm_layout.h"
#include "tests/fakes/fake_log.h"
#include "tests/unit/unit.h"

#define PAGE	FREEHINT_PAGE_SIZE
#define PAGES	200	/* no multiple of a word */
#define ROUND	77

/* The kernel's part: what was written and not taken. */
static struct {
	bool written[PAGES];
	int open;
	int add;
	int take;
	bool merges;
	unsigned int opened;
	unsigned int closed;
} kernel;
static unsigned int errors, warnings;

int write_watch_open(void)
{
	kernel.opened++;
	return kernel.open;
}

void write_watch_close(void)
{
	kernel.closed++;
}

int write_watch_add(u8 *start, u64 len)
{
	assert_ptr_equal(start, fake.block[0].host);
	assert_int_equal(len, PAGES * PAGE);
	return kernel.add;
}

int write_watch_collect(u8 *start, u64 len, bool shared, write_watch_fn *written, void *opaque)
{
	u64 i;

	assert_int_equal(len, PAGES * PAGE);
	assert_int_equal(shared, fake_log.shared);
	for (i = 0; i < PAGES; i++) {
		if (kernel.written[i] && written)
			written(opaque, start + i * PAGE, start + (i + 1) * PAGE);
		kernel.written[i] = false;
	}
	return kernel.take;
}

bool write_watch_merges(const u8 *start, u64 len)
{
	assert_ptr_equal(start, fake.block[0].host);
	assert_int_equal(len, PAGES * PAGE);
	return kernel.merges;
}

__attribute__((format(printf, 1, 2)))
static void count_error(const char *fmt, ...)
{
	errors++;
}

__attribute__((format(printf, 1, 2)))
static void count_warning(const char *fmt, ...)
{
	warnings++;
}

/* A report is kept for the life of a QEMU; tests look at what is new. */
static struct audit_report before;

#define NEW(member) (audit_report().member - before.member)

static int setup(void **state)
{
	arm_release();
	fake_qemu_init();
	fake_log_install();
	qemu.error_report = count_error;
	qemu.warn_report = count_warning;
	fake_add_block(0, PAGES * PAGE);
	fake_add_block(1 << 30, PAGES * PAGE)->device = true;
	memset(&kernel, 0, sizeof(kernel));
	errors = 0;
	warnings = 0;
	arm_acquire();
	arm_all(NULL);
	migration_thread_note();
	audit_init(true);
	before = audit_report();
	audit_open_round(ROUND);
	return 0;
}

static int teardown(void **state)
{
	audit_end();
	assert_true(kernel.closed >= kernel.opened);
	return 0;
}

static void hint(u64 first, u64 pages)
{
	audit_hint(ROUND, fake.block[0].host + first * PAGE, pages * PAGE);
}

/* By the guest; @logged: the dirty log works. */
static void guest_writes(u64 page, bool logged)
{
	kernel.written[page] = true;
	fake_log.written[0][page] = logged;
}

static void a_write_that_both_know_is_well(void **state)
{
	hint(10, 100);
	guest_writes(20, true);
	guest_writes(150, true);
	audit_sync();
	assert_int_equal(NEW(checks), 1);
	assert_int_equal(NEW(skipped), 100);
	assert_int_equal(NEW(written), 1);
	assert_int_equal(NEW(violations), 0);
	/* it will be sent: skipped no more */
	audit_sync();
	assert_int_equal(NEW(skipped), 199);
}

static void a_write_that_the_log_has_not_is_told_once(void **state)
{
	hint(10, 100);
	guest_writes(63, false);
	guest_writes(64, false);
	guest_writes(150, false);
	audit_sync();
	assert_int_equal(NEW(violations), 2);
	assert_string_equal(audit_report().block, "mainram");
	assert_int_equal(audit_report().offset, 63 * PAGE);
	assert_int_equal(errors, 1);
	audit_sync();
	assert_int_equal(NEW(violations), 2);
	assert_int_equal(errors, 1);
}

/* After the check, and collected by QEMU in the same sync: the next log has it not. */
static void a_write_between_a_sync_and_a_round_is_not_checked(void **state)
{
	hint(10, 100);
	audit_sync();
	guest_writes(20, false);
	audit_discard_writes();
	guest_writes(30, false);
	audit_open_round(ROUND + 1);
	audit_hint(ROUND + 1, fake.block[0].host + 30 * PAGE, PAGE);
	audit_sync();
	assert_int_equal(NEW(violations), 0);
	guest_writes(20, false);
	audit_sync();
	assert_int_equal(NEW(violations), 1);
}

static void the_log_is_put_back_whole(void **state)
{
	bool expected[PAGES] = { false };
	u64 page;

	hint(10, 100);
	for (page = 0; page < PAGES; page += page % 3 + 1) {
		expected[page] = true;
		guest_writes(page, true);
	}
	audit_sync();
	assert_memory_equal(fake_log.migration[0], expected, sizeof(expected));
	assert_int_equal(NEW(violations), 0);
}

static void a_hint_of_another_round_is_late(void **state)
{
	hint(10, 5);
	assert_int_equal(NEW(late), 0);
	audit_hint(ROUND - 1, fake.block[0].host, 3 * PAGE);
	assert_int_equal(NEW(late), 3);
}

static void *sync_of_a_timer(void *opaque)
{
	audit_sync();
	/* QEMU collects the log. */
	memset(fake_log.written, 0, sizeof(fake_log.written));
	memset(fake_log.migration, 0, sizeof(fake_log.migration));
	audit_discard_writes();
	return NULL;
}

/* It drops the big lock, and the migration could end without what is not yet put back. */
static void another_thread_takes_no_log_and_ends_no_watch(void **state)
{
	unsigned int syncs = fake_log.syncs, closed = kernel.closed;
	pthread_t thread;

	hint(10, 100);
	guest_writes(20, true);
	kernel.take = -EPERM;
	pthread_create(&thread, NULL, sync_of_a_timer, NULL);
	pthread_join(thread, NULL);
	kernel.take = 0;
	assert_int_equal(fake_log.syncs, syncs);
	assert_int_equal(kernel.closed, closed);
	assert_int_equal(NEW(checks), 0);
	audit_sync();
	assert_int_equal(NEW(checks), 1);
	assert_int_equal(NEW(violations), 0);
	audit_open_round(ROUND + 1);
	audit_hint(ROUND + 1, fake.block[0].host, PAGE);
	guest_writes(0, false);
	audit_sync();
	assert_int_equal(NEW(violations), 1);
}

static void what_is_watched_is_held_until_the_watch_ends(void **state)
{
	arm_release();
	assert_int_equal(fake.block[0].refs, 1);
	assert_int_equal(fake.block[1].refs, 0);
	guest_writes(20, false);
	audit_sync();
	audit_end();
	assert_int_equal(fake.block[0].refs, 0);
	/* and where it cannot be watched */
	arm_acquire();
	arm_all(NULL);
	kernel.add = -EINVAL;
	audit_open_round(ROUND);
	assert_int_equal(fake.block[0].refs, 1);
}

static void memory_of_nobody_is_ignored(void **state)
{
	audit_hint(ROUND, (const u8 *)&kernel, PAGE);
	audit_hint(ROUND, fake.block[1].host, PAGE);
	audit_sync();
	assert_int_equal(NEW(skipped), 0);
}

/* One warning for a migration; the next one tries again. */
static void assert_gives_up(void)
{
	audit_end();
	warnings = 0;
	audit_open_round(ROUND);
	assert_non_null(audit_report().why);
	assert_int_equal(warnings, 1);
	audit_open_round(ROUND + 1);
	hint(10, 100);
	audit_sync();
	assert_int_equal(warnings, 1);
	assert_int_equal(NEW(checks), 0);
}

static void what_cannot_be_watched_is_said(void **state)
{
	kernel.open = -ENOSYS;
	assert_gives_up();
	kernel.open = 0;
	kernel.add = -EINVAL;
	assert_gives_up();
	kernel.add = 0;
	kernel.take = -EPERM;
	assert_gives_up();
	kernel.take = 0;
	kernel.merges = true;
	assert_gives_up();
	assert_non_null(strstr(audit_report().why, "mem-merge=off"));
	kernel.merges = false;
	audit_end();
	audit_open_round(ROUND);
	assert_null(audit_report().why);
}

/* KSM takes the protection off without a fault, and a write is in no log. */
static void a_page_that_was_merged_is_no_lost_write(void **state)
{
	hint(10, 100);
	audit_sync();
	assert_int_equal(NEW(checks), 1);
	guest_writes(20, false);
	kernel.merges = true;
	audit_sync();
	assert_int_equal(NEW(violations), 0);
	assert_int_equal(errors, 0);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(audit_report().why, "KSM"));
	audit_sync();
	assert_int_equal(NEW(checks), 2);
	/* whether it goes on is asked anew */
	kernel.merges = false;
	audit_end();
	audit_open_round(ROUND);
	assert_null(audit_report().why);
}

static void nothing_is_watched_unless_wanted(void **state)
{
	unsigned int opened = kernel.opened;

	audit_end();
	audit_init(false);
	audit_open_round(ROUND);
	hint(10, 100);
	audit_sync();
	assert_int_equal(kernel.opened, opened);
	assert_int_equal(NEW(checks), 0);
}

RUN_TESTS(NULL, NULL,
		TEST(a_write_that_the_log_has_not_is_told_once),
		TEST(a_write_that_both_know_is_well),
		TEST(a_write_between_a_sync_and_a_round_is_not_checked),
		TEST(the_log_is_put_back_whole),
		TEST(a_hint_of_another_round_is_late),
		TEST(another_thread_takes_no_log_and_ends_no_watch),
		TEST(what_is_watched_is_held_until_the_watch_ends),
		TEST(memory_of_nobody_is_ignored),
		TEST(what_cannot_be_watched_is_said),
		TEST(a_page_that_was_merged_is_no_lost_write),
		TEST(nothing_is_watched_unless_wanted),
)
