// SPDX-License-Identifier: GPL-2.0
/*
 * Draws a picture of memory on a terminal: a character for each cell, at the start of each
 * line the address of its first cell, and a legend with the sums.
 */
#include "../terminal/units.h"
#include "map_draw.h"

#define ADDRESS_COLUMNS	12U
#define ROW_MIN		8U
#define ROW_MAX		64U
#define SHADES		4

/* Of the 256 terminal colours: from a small share of the cell to all of it. */
static const u8 colours[PAGE_CLASS_COUNT][SHADES] = {
	[PAGE_SENT] = { 52, 88, 124, 160 },
	[PAGE_AGAIN] = { 58, 100, 142, 184 },
	[PAGE_KEPT] = { 22, 28, 34, 40 },
	[PAGE_FREE] = { 18, 19, 27, 39 },
	[PAGE_NEVER] = { 52, 88, 124, 160 },
	[PAGE_TAKEN] = { 58, 100, 142, 184 },
	[PAGE_GIVEN] = { 22, 28, 34, 40 },
};

static const char plain[PAGE_CLASS_COUNT + 1] = {
	[PAGE_SENT] = '#',
	[PAGE_AGAIN] = '+',
	[PAGE_KEPT] = '.',
	[PAGE_FREE] = 'o',
	[PAGE_NEVER] = '#',
	[PAGE_TAKEN] = '+',
	[PAGE_GIVEN] = '.',
	[PAGE_CLASS_COUNT] = ' ',
};

static unsigned int row_length(unsigned int columns)
{
	if (columns < ADDRESS_COLUMNS + ROW_MIN)
		return ROW_MIN;
	columns -= ADDRESS_COLUMNS;
	return columns > ROW_MAX ? ROW_MAX : columns;
}

static void put_block(FILE *to, enum page_class class, unsigned int shade, bool colour)
{
	if (!colour || class == PAGE_CLASS_COUNT)
		fputc(plain[class], to);
	else
		fprintf(to, "\033[48;5;%um \033[0m", colours[class][shade - 1]);
}

static void put_rows(const struct map_cells *cells, FILE *to, unsigned int row, bool colour)
{
	u32 i;

	for (i = 0; i < cells->count; i++) {
		if (i % row == 0)
			fprintf(to, "%s%7.2f GiB ", i ? "\n" : "",
				(double)(i * cells->per_cell) / (1 << 18));
		put_block(to, map_cells_main(cells, i), map_cells_shade(cells, i), colour);
	}
	fputc('\n', to);
}

void map_terminal(const struct map_cells *cells, FILE *to, unsigned int columns, bool colour)
{
	enum page_class class;

	put_rows(cells, to, row_length(columns), colour);
	fprintf(to, "\n%s, one character is %.1f MB\n", map_title(cells),
		(double)cells->per_cell * PAGE_MB);
	for (class = 0; class < PAGE_CLASS_COUNT; class++) {
		if (!map_cells_shows(cells, class))
			continue;
		put_block(to, class, SHADES, colour);
		fprintf(to, " %-24s %10.1f MB\n", map_class_name(class),
			(double)map_cells_total(cells, class) * PAGE_MB);
	}
}
