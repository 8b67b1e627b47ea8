// SPDX-License-Identifier: GPL-2.0
/*
 * The audit: checks that every write to a skipped page has reached QEMU's dirty log.
 *
 * The rest of the extension trusts the dirty log. The audit learns of writes from
 * userfaultfd (write_watch.c) and compares both in every sync. A page that is skipped and
 * written but not in the log is a violation: that write is lost.
 *
 * Invariant: in a sync the watch is taken before the log. A write between the two is in the
 * log and not in the watch, never the other way round.
 *
 * Only the migration thread takes the log. With TCG the BQL is dropped between taking the
 * log and putting it back, so the last sync of the migration could miss what another thread
 * has taken. Nothing is checked in a sync of another thread, and what was skipped until then
 * is no longer checked.
 *
 * Why the log is not taken when a round opens: with KVM that arms the log, and the audit
 * would hide the bug that it has to find.
 *
 * Memory that KSM may merge is not checked: a merged page looks like a written one. A hint
 * that arrives too late is recognised by its round id, because the bit that it clears was in
 * the log. docs/extension.md, section dirty_audit.c, has the whole comparison and its gaps.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../include/freehint/bitops.h"
#include "../core/arm.h"
#include "../core/dirty_log.h"
#include "../core/migration_thread.h"
#include "../core/page_bits.h"
#include "dirty_audit.h"
#include "write_watch.h"

/**
 * struct watched - a RAM block
 * @host:    first byte
 * @pages:   number of pages
 * @ram:     QEMU's block; valid while @region is referenced, even if it is unplugged
 * @region:  its memory region; a reference is held
 * @skipped: one bit per page: the page was skipped
 * @written: one bit per page: written since the round opened; used during a check only
 */
struct watched {
	u8 *host;
	u64 pages;
	RAMBlock *ram;
	MemoryRegion *region;
	u64 *skipped;
	u64 *written;
};

/*
 * Guarded by the BQL. While a round is open the apply thread owns the bitmaps. Only the migration
 * thread takes the log, and only it ends the watch while the migration runs.
 */
static struct {
	struct watched block[ARM_MAX_BLOCKS];
	unsigned int count;
	u64 round;
	bool on;
	bool failed;
	struct audit_report report;
} audit;

void audit_init(bool wanted)
{
	audit.report.wanted = wanted;
}

struct audit_report audit_report(void)
{
	return audit.report;
}

static void stop_watch(void)
{
	struct watched *block;

	write_watch_close();
	while (audit.count) {
		block = &audit.block[--audit.count];
		qemu.memory_region_unref(block->region);
		free(block->skipped);
		free(block->written);
	}
	audit.on = false;
}

static const char ksm_merges[] =
	"the kernel may merge this memory (KSM), which looks like a write; start QEMU with "
	"-machine mem-merge=off, or stop KSM on this host";

/* Stops the audit until the next migration. */
static void fail_audit(const char *why)
{
	audit.report.why = why;
	qemu.warn_report("freehint: audit: %s", why);
	audit.failed = true;
	stop_watch();
}

static void fail_unwatchable(const struct watched *block)
{
	static char text[160];

	snprintf(text, sizeof(text), "block %.40s is of a kind that cannot be watched; use a "
		 "memory-backend-ram, or a file in /dev/shm",
		 qemu.qemu_ram_get_idstr(block->ram));
	fail_audit(text);
}

static bool is_merged(const struct watched *block)
{
	return write_watch_merges(block->host, block->pages << FREEHINT_PAGE_SHIFT);
}

static int watch_block(const struct armed_block *armed)
{
	struct watched *block = &audit.block[audit.count];

	memset(block, 0, sizeof(*block));
	block->host = armed->start;
	block->pages = (u64)(armed->end - armed->start) >> FREEHINT_PAGE_SHIFT;
	block->ram = armed->ram;
	block->region = armed->region;
	qemu.memory_region_ref(block->region);
	audit.count++;
	block->skipped = calloc(page_bits_words(block->pages), sizeof(u64));
	block->written = calloc(page_bits_words(block->pages), sizeof(u64));
	if (!block->skipped || !block->written)
		return -ENOMEM;
	if (is_merged(block))
		return -EOPNOTSUPP;
	return write_watch_add(block->host, block->pages << FREEHINT_PAGE_SHIFT);
}

static bool start_watch(void)
{
	int ret = write_watch_open();

	if (ret) {
		fail_audit("this kernel has no asynchronous write protection (userfaultfd, Linux "
			"6.7), or does not allow it; hints go on without the audit");
		return false;
	}
	audit.on = true;
	ret = arm_for_each(watch_block);
	if (ret == -ENOMEM)
		fail_audit("no memory for its bitmaps; hints go on without the audit");
	else if (ret == -EOPNOTSUPP)
		fail_audit(ksm_merges);
	else if (ret)
		fail_unwatchable(&audit.block[audit.count - 1]);
	else
		audit.report.why = NULL;
	return !ret;
}

static void note_written(void *opaque, const u8 *start, const u8 *end)
{
	struct watched *block = opaque;

	page_bits_set(block->written, (u64)(start - block->host) >> FREEHINT_PAGE_SHIFT,
		      (u64)(end - block->host) >> FREEHINT_PAGE_SHIFT);
}

static bool collect_writes(struct watched *block, write_watch_fn *written)
{
	if (!write_watch_collect(block->host, block->pages << FREEHINT_PAGE_SHIFT,
				 qemu.qemu_ram_is_shared(block->ram), written, block))
		return true;
	fail_audit("the kernel does not report any more which pages were written; hints go on "
		   "without the audit");
	return false;
}

void audit_discard_writes(void)
{
	unsigned int i;

	if (!in_migration_thread())
		return;
	for (i = 0; i < audit.count; i++)
		if (!collect_writes(&audit.block[i], NULL))
			return;
}

void audit_open_round(u64 round)
{
	if (!audit.report.wanted || audit.failed || (!audit.on && !start_watch()))
		return;
	audit.round = round;
	audit_discard_writes();
}

void audit_hint(u64 round, const u8 *hva, u64 len)
{
	struct watched *block = audit.block, *end = block + audit.count;

	while (block < end &&
	       !page_bits_set_bytes(block->skipped, block->host, block->pages, hva, len))
		block++;
	if (block < end && round != audit.round)
		audit.report.late += len >> FREEHINT_PAGE_SHIFT;
}

static void report_violation(const struct watched *block, u64 page, u64 pages)
{
	const char *name = qemu.qemu_ram_get_idstr(block->ram);

	if (!audit.report.violations) {
		snprintf(audit.report.block, sizeof(audit.report.block), "%s", name);
		audit.report.offset = page << FREEHINT_PAGE_SHIFT;
		qemu.error_report("freehint: audit: a skipped page was written and is not in "
				  "the dirty log: block %s, offset 0x%" PRIx64 "; cancel this "
				  "migration, use no hints, and report this", name,
				  page << FREEHINT_PAGE_SHIFT);
	}
	audit.report.violations += pages;
}

static void compare(struct watched *block, u64 word, u64 log)
{
	u64 skipped = block->skipped[word], written = skipped & block->written[word];
	u64 lost = written & ~log;

	audit.report.skipped += hweight64(skipped);
	audit.report.written += hweight64(written);
	if (lost)
		report_violation(block, word * FREEHINT_WORD_BITS + __builtin_ctzll(lost),
				 hweight64(lost));
	/* A lost write is reported once. */
	block->skipped[word] = skipped & ~log & ~lost;
	block->written[word] = 0;
}

static void check_block(struct watched *block)
{
	u64 i, words = page_bits_words(block->pages);
	DirtyBitmapSnapshot *log;

	if (!collect_writes(block, note_written))
		return;
	if (is_merged(block)) {
		fail_audit(ksm_merges);
		return;
	}
	log = dirty_log_take(block->region, block->pages);
	for (i = 0; i < words; i++)
		compare(block, i, dirty_log_restore(block->region, log,
						    i * FREEHINT_WORD_BITS, block->pages));
	qemu.g_free(log);
}

static void drop_skipped(void)
{
	struct watched *block = audit.block;

	for (; block < audit.block + audit.count; block++)
		memset(block->skipped, 0, page_bits_words(block->pages) * sizeof(u64));
}

void audit_sync(void)
{
	unsigned int i;

	if (!audit.on)
		return;
	if (!in_migration_thread()) {
		drop_skipped();
		return;
	}
	audit.report.checks++;
	for (i = 0; i < audit.count; i++)
		check_block(&audit.block[i]);
}

void audit_end(void)
{
	stop_watch();
	audit.failed = false;
}
