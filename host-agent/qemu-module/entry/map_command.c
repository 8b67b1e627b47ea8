// SPDX-License-Identifier: GPL-2.0
/*
 * The QMP command x-freehint-map: divides guest memory into cells and counts for each its
 * pages of RAM, and the pages hinted in the last migration or those given back to the host.
 * `freehint map` draws a picture.
 */
#include <string.h>

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/qmp_names.h"
#include "../../../include/freehint/shm_layout.h"
#include "../core/bar.h"
#include "../core/qmp_args.h"
#include "../core/ram_map.h"
#include "../gate/bql_hold.h"
#include "../map/page_map.h"
#include "map_command.h"
#include "map_given.h"

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

static bool check_names(const QDict *args, Error **errp)
{
	static const char *const known[] = {
		FREEHINT_ARG_CELLS, FREEHINT_ARG_GIVEN_FROM, NULL,
	};

	return qmp_args_check(args, known, "give '" FREEHINT_ARG_CELLS "' and '"
			      FREEHINT_ARG_GIVEN_FROM "'", errp);
}

/* Return: the end of memory that the guest published, limited by what the region can hold. */
static u64 end_of_memory(void)
{
	struct freehint_guest_hello hello;
	u64 capacity = bar_info().capacity;

	if (bar_read_guest_hello(&hello) || hello.end_pfn > capacity)
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

/* The shared region is a memory backend's, too, but not the guest's memory. */
static void find_ram(struct cells *cells)
{
	u64 gpa = 0, next, end = cells->end << FREEHINT_PAGE_SHIFT;
	const struct ram_segment *segment;
	static struct ram_map map;

	ram_map_init(&map);
	while ((segment = ram_map_next(&map, gpa, end))) {
		next = segment->end < end ? segment->end : end;
		if (gpa < segment->start)
			gpa = segment->start;
		if (!bar_contains(segment->hva, segment->end - segment->start))
			add_ram(cells, gpa >> FREEHINT_PAGE_SHIFT, next >> FREEHINT_PAGE_SHIFT);
		gpa = next;
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

static QObject *list_of(const u64 *pages, u32 count)
{
	QList *list = qemu.qlist_new();
	u32 i;

	for (i = 0; i < count; i++)
		qemu.qlist_append_int(list, (int64_t)pages[i]);
	return (QObject *)list;
}

static QObject *list_hinted(const struct cells *cells)
{
	QList *list = qemu.qlist_new();
	u64 first;
	u32 i;

	for (i = 0; i < cells->count; i++) {
		first = i * cells->pages;
		qemu.qlist_append_int(list, (int64_t)page_map_count(&hinted_map, first,
								    first + cells->pages));
	}
	return (QObject *)list;
}

static void put_hinted(QDict *dict, struct cells *cells)
{
	find_ram(cells);
	qemu.qdict_put_obj(dict, "ram", list_of(cells->ram, cells->count));
	qemu.qdict_put_obj(dict, "hinted", list_hinted(cells));
}

static void put_given(QDict *dict, const struct cells *cells, u64 from)
{
	static struct map_given given;

	map_given_look(&given, from, cells->end, cells->pages);
	qemu.qdict_put_int(dict, "next", given.next);
	qemu.qdict_put_obj(dict, "ram", list_of(given.ram, given.count));
	qemu.qdict_put_obj(dict, "given-back", list_of(given.given, given.count));
	qemu.qdict_put_obj(dict, "absent", list_of(given.absent, given.count));
}

static QDict *new_answer(const struct cells *cells)
{
	QDict *dict = qemu.qdict_new();

	qemu.qdict_put_int(dict, "pages", cells->end);
	qemu.qdict_put_int(dict, "pages-per-cell", cells->pages);
	return dict;
}

static bool read_from(const QDict *args, const struct cells *cells, int64_t *from, Error **errp)
{
	if (cells->end)
		return qmp_args_number(args, FREEHINT_ARG_GIVEN_FROM, 0, (int64_t)cells->end - 1,
				       from, errp);
	qemu_error(errp, "there is no page for '" FREEHINT_ARG_GIVEN_FROM "': %s",
		   bar_is_attached() ? "the guest says that it has no memory; see its kernel's log" :
				       bar_missing());
	return false;
}

static QDict *make_answer(QDict *args, Error **errp)
{
	static struct cells cells;
	bool given = qemu.qdict_haskey(args, FREEHINT_ARG_GIVEN_FROM);
	int64_t wanted, from;
	QDict *answer;

	if (!check_names(args, errp) ||
	    !qmp_args_number(args, FREEHINT_ARG_CELLS, 1, FREEHINT_MAX_CELLS, &wanted, errp))
		return NULL;
	divide(&cells, (u32)wanted);
	if (given && !read_from(args, &cells, &from, errp))
		return NULL;
	answer = new_answer(&cells);
	if (given)
		put_given(answer, &cells, (u64)from);
	else
		put_hinted(answer, &cells);
	return answer;
}

void map_command(QDict *args, QObject **ret, Error **errp)
{
	struct bql_hold hold = bql_hold_begin();

	*ret = (QObject *)make_answer(args, errp);
	bql_hold_end(hold);
}
