// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory in cells. For a migration there are two sources: QEMU reports what is RAM and
 * what was hinted, and the shared memory contains the pages that the guest found free when it
 * was last asked. What was given back QEMU alone reports.
 */
#include "map_cells.h"

#include <string.h>

#include "../region/region_file.h"
#include "host-agent/common/bits_to_ranges.h"
#include "host-agent/common/json_natural.h"
#include "include/freehint/shm_layout.h"

/* Read a list of page counts; none may be larger than a cell. */
static int parse_list(const struct map_cells *cells, const json_t *list, u64 *to)
{
	json_int_t value;
	size_t i;

	if (json_array_size(list) != cells->count)
		return -EPROTO;
	for (i = 0; i < cells->count; i++) {
		value = json_integer_value(json_array_get(list, i));
		if (value < 0 || (u64)value > cells->per_cell)
			return -EPROTO;
		to[i] = (u64)value;
	}
	return 0;
}

static int parse_size(struct map_cells *cells, const json_t *answer)
{
	u64 count;

	cells->pages = json_natural(answer, "pages");
	cells->per_cell = json_natural(answer, "pages-per-cell");
	if (!cells->pages || cells->pages > FREEHINT_MAX_PAGES || !cells->per_cell ||
	    cells->per_cell % FREEHINT_WORD_BITS || cells->per_cell > 2 * FREEHINT_MAX_PAGES)
		return -EPROTO;
	count = (cells->pages + cells->per_cell - 1) / cells->per_cell;
	if (count > FREEHINT_MAX_CELLS)
		return -EPROTO;
	cells->count = (u32)count;
	return 0;
}

int map_cells_parse(struct map_cells *cells, const json_t *answer)
{
	memset(cells, 0, sizeof(*cells));
	if (parse_size(cells, answer) ||
	    parse_list(cells, json_object_get(answer, "ram"), cells->ram))
		return -EPROTO;
	return parse_list(cells, json_object_get(answer, "hinted"), cells->hinted);
}

/* Add a list of page counts of a part of memory to the cells that it touches. */
static int add_list(const struct map_cells *cells, const json_t *list, u64 from, u64 next,
		    u64 *to)
{
	u64 cell = from / cells->per_cell, end = (next - 1) / cells->per_cell + 1, i;
	json_int_t value;

	if (json_array_size(list) != end - cell)
		return -EPROTO;
	for (i = 0; cell < end; i++, cell++) {
		value = json_integer_value(json_array_get(list, i));
		if (value < 0 || (u64)value > cells->per_cell - to[cell])
			return -EPROTO;
		to[cell] += (u64)value;
	}
	return 0;
}

int map_cells_add_given(struct map_cells *cells, const json_t *answer, u64 *from)
{
	u64 next = json_natural(answer, "next");
	struct map_cells now = { 0 };

	if (parse_size(&now, answer) || next <= *from || next > now.pages)
		return -EPROTO;
	if (!*from) {
		cells->count = now.count;
		cells->per_cell = now.per_cell;
		cells->pages = now.pages;
		cells->returned = true;
	}
	if (now.pages != cells->pages || now.per_cell != cells->per_cell)
		return -EAGAIN;
	if (add_list(cells, json_object_get(answer, "ram"), *from, next, cells->ram) ||
	    add_list(cells, json_object_get(answer, "given-back"), *from, next, cells->given) ||
	    add_list(cells, json_object_get(answer, "absent"), *from, next, cells->absent))
		return -EPROTO;
	*from = next;
	return 0;
}

/* A cell is a whole number of words, so each word belongs to one cell. */
static void add_words(void *opaque, u64 page, const u64 *words, u64 count)
{
	struct map_cells *cells = opaque;
	u64 i, cell;

	for (i = 0; i < count; i++, page += FREEHINT_WORD_BITS) {
		cell = page / cells->per_cell;
		if (cell < cells->count)
			cells->unused[cell] += bits_count(&words[i], 1);
	}
}

int map_cells_add_free(struct map_cells *cells, const struct freehint_reader *reader,
		       u64 round)
{
	struct freehint_guest_seal seal;
	u64 mark;

	if (round == FREEHINT_NO_ROUND || freehint_read_seal(reader, round, &seal) ||
	    seal.status != FREEHINT_SEAL_COMPLETE ||
	    freehint_read_progress(reader, round, &mark))
		return -ENODATA;
	return region_file_walk(reader, round, mark, add_words, cells) ? -ENODATA : 0;
}

void map_cells_assume_free(struct map_cells *cells)
{
	memcpy(cells->unused, cells->hinted, sizeof(cells->unused));
}

static u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

bool map_cells_shows(const struct map_cells *cells, enum page_class class)
{
	return (class >= PAGE_NEVER) == cells->returned;
}

static u64 returned_class(const struct map_cells *cells, u32 cell, enum page_class class)
{
	u64 ram = cells->ram[cell], given = min_u64(cells->given[cell], ram);
	u64 absent = min_u64(cells->absent[cell], given);

	switch (class) {
	case PAGE_GIVEN:
		return absent;
	case PAGE_TAKEN:
		return given - absent;
	default:
		return ram - given;
	}
}

u64 map_cells_class(const struct map_cells *cells, u32 cell, enum page_class class)
{
	u64 ram = cells->ram[cell], hinted = min_u64(cells->hinted[cell], ram);
	u64 unused = min_u64(cells->unused[cell], ram);
	u64 kept = min_u64(hinted, unused);

	if (!map_cells_shows(cells, class))
		return 0;
	if (cells->returned)
		return returned_class(cells, cell, class);
	switch (class) {
	case PAGE_KEPT:
		return kept;
	case PAGE_AGAIN:
		return hinted - kept;
	case PAGE_FREE:
		return unused - kept;
	default:
		return ram - (hinted > unused ? hinted : unused);
	}
}

u64 map_cells_total(const struct map_cells *cells, enum page_class class)
{
	u64 total = 0;
	u32 i;

	for (i = 0; i < cells->count; i++)
		total += map_cells_class(cells, i, class);
	return total;
}

enum page_class map_cells_main(const struct map_cells *cells, u32 cell)
{
	enum page_class class, most = PAGE_CLASS_COUNT;
	u64 pages, best = 0;

	for (class = 0; class < PAGE_CLASS_COUNT; class++) {
		pages = map_cells_class(cells, cell, class);
		if (pages > best) {
			best = pages;
			most = class;
		}
	}
	return most;
}

unsigned int map_cells_shade(const struct map_cells *cells, u32 cell)
{
	enum page_class most = map_cells_main(cells, cell);

	if (most == PAGE_CLASS_COUNT)
		return 1;
	/* The share in quarters, rounded up. */
	return (unsigned int)((map_cells_class(cells, cell, most) * 4 - 1) / cells->ram[cell]) + 1;
}

const char *map_class_name(enum page_class class)
{
	static const char *const names[PAGE_CLASS_COUNT] = {
		[PAGE_SENT] = "in use, sent",
		[PAGE_AGAIN] = "hinted, used again",
		[PAGE_KEPT] = "free, kept off the wire",
		[PAGE_FREE] = "free, not hinted",
		[PAGE_NEVER] = "never given back",
		[PAGE_TAKEN] = "given back, used again",
		[PAGE_GIVEN] = "given back",
	};

	return names[class];
}

const char *map_title(const struct map_cells *cells)
{
	return cells->returned ? "Guest memory that was given back to the host" :
				 "Guest memory in the last migration";
}
