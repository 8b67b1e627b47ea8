// SPDX-License-Identifier: GPL-2.0
/*
 * The QMP command x-freehint-map: divides guest memory into cells and counts for each its
 * pages of RAM and the pages hinted in the last migration. `freehint map` draws a picture.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <string.h>

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/qmp_names.h"
#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../core/bar.h"
#include "../map/hint_map.h"
#include "map_command.h"
#include "../core/ram_map.h"
#include "../gate/round_gate.h"

/* Step of the search for the next RAM; holes in guest memory are larger. */
#define STEP	(1ULL << 20)

/**
 * struct cells - guest memory in equal parts
 * @count: number of cells
 * @pages: pages per cell; the last cell may be shorter
 * @end:   pages of guest memory
 * @ram:   pages of RAM in each cell
 */
struct cells {
	u32 count;
	u64 pages;
	u64 end;
	u64 ram[FREEHINT_MAX_CELLS];
};

static bool check_arguments(const QDict *args, u32 *wanted, Error **errp)
{
	const QDictEntry *entry;
	int64_t cells = qemu.qdict_get_try_int(args, FREEHINT_ARG_CELLS, 0);

	for (entry = qemu.qdict_first(args); entry; entry = qemu.qdict_next(args, entry)) {
		if (!strcmp(qemu.qdict_entry_key(entry), FREEHINT_ARG_CELLS))
			continue;
		qemu_error(errp, "argument '%s' is unknown", qemu.qdict_entry_key(entry));
		return false;
	}
	if (cells < 1 || cells > FREEHINT_MAX_CELLS) {
		qemu_error(errp, "argument '%s' is %" PRId64 ", give 1 to %u",
			   FREEHINT_ARG_CELLS, cells, FREEHINT_MAX_CELLS);
		return false;
	}
	*wanted = (u32)cells;
	return true;
}

/* Returns the end of memory that the guest published, limited by what the region can hold. */
static u64 end_of_memory(void)
{
	struct freehint_guest_hello hello;
	u64 capacity = bar_info().capacity;

	if (bar_guest(&hello) || hello.end_pfn > capacity)
		return capacity;
	return hello.end_pfn;
}

static void add_ram(struct cells *cells, u64 first, u64 end)
{
	u64 next;

	for (; first < end; first = next) {
		next = (first / cells->pages + 1) * cells->pages;
		if (next > end)
			next = end;
		cells->ram[first / cells->pages] += next - first;
	}
}

static void find_ram(struct cells *cells)
{
	u64 gpa = 0, next, end = cells->end << FREEHINT_PAGE_SHIFT;
	const struct ram_segment *segment;
	static struct ram_map map;

	ram_map_init(&map);
	for (; gpa < end; gpa = next) {
		segment = ram_map_find(&map, gpa, NULL);
		next = segment ? segment->end : (gpa / STEP + 1) * STEP;
		if (next > end)
			next = end;
		if (segment)
			add_ram(cells, gpa >> FREEHINT_PAGE_SHIFT, next >> FREEHINT_PAGE_SHIFT);
	}
}

/* A cell is a whole number of bitmap words, because the tool adds up the guest's words. */
static void divide(struct cells *cells, u32 wanted)
{
	u64 unit = (u64)wanted * FREEHINT_WORD_BITS;

	memset(cells, 0, sizeof(*cells));
	cells->end = end_of_memory();
	cells->pages = cells->end <= unit ? FREEHINT_WORD_BITS :
		       (cells->end + unit - 1) / unit * FREEHINT_WORD_BITS;
	cells->count = (u32)((cells->end + cells->pages - 1) / cells->pages);
}

static QObject *list_ram(const struct cells *cells)
{
	QList *list = qemu.qlist_new();
	u32 i;

	for (i = 0; i < cells->count; i++)
		qemu.qlist_append_int(list, (int64_t)cells->ram[i]);
	return (QObject *)list;
}

static QObject *list_hinted(const struct cells *cells)
{
	QList *list = qemu.qlist_new();
	u64 first;
	u32 i;

	for (i = 0; i < cells->count; i++) {
		first = i * cells->pages;
		qemu.qlist_append_int(list, (int64_t)hint_map_count(first,
								    first + cells->pages));
	}
	return (QObject *)list;
}

void map_command(QDict *args, QObject **ret, Error **errp)
{
	u64 start = clock_us();
	static struct cells cells;
	QDict *answer;
	u32 wanted;

	if (!check_arguments(args, &wanted, errp))
		return;
	divide(&cells, wanted);
	find_ram(&cells);
	answer = qemu.qdict_new();
	qemu.qdict_put_int(answer, "pages", cells.end);
	qemu.qdict_put_int(answer, "pages-per-cell", cells.pages);
	qemu.qdict_put_obj(answer, "ram", list_ram(&cells));
	qemu.qdict_put_obj(answer, "hinted", list_hinted(&cells));
	*ret = (QObject *)answer;
	gate_count_bql(clock_us() - start);
}
