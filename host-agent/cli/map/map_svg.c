// SPDX-License-Identifier: GPL-2.0
/*
 * Draws a picture of memory as SVG: a square for each cell, its page counts as a tooltip,
 * and a legend with the sums.
 */
#include <errno.h>

#include "../terminal/units.h"
#include "map_draw.h"
#include "map_palette.h"

#define LEFT		70U
#define TOP		30U
#define LEGEND_LINE	20U

static void put_rect(FILE *to, unsigned int x, unsigned int y, struct map_colour colour)
{
	fprintf(to, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"#%02x%02x%02x\">",
		x, y, MAP_SIDE - 1, MAP_SIDE - 1, colour.red, colour.green, colour.blue);
}

static void put_cell(FILE *to, const struct map_cells *cells, u32 cell)
{
	unsigned int x = LEFT + cell % MAP_COLUMNS * MAP_SIDE;
	unsigned int y = TOP + cell / MAP_COLUMNS * MAP_SIDE;
	enum page_class class;

	put_rect(to, x, y, map_colour_at(cells, cell));
	fprintf(to, "<title>%.1f MiB", (double)(cell * cells->per_cell) / 256);
	for (class = 0; class < PAGE_CLASS_COUNT; class++)
		if (map_cells_shows(cells, class))
			fprintf(to, "; %s: %llu", map_class_name(class),
				(unsigned long long)map_cells_class(cells, cell, class));
	fputs("</title></rect>\n", to);
}

static void put_addresses(FILE *to, const struct map_cells *cells)
{
	u32 row;

	for (row = 0; row < map_rows(cells); row += 4)
		fprintf(to, "<text x=\"%u\" y=\"%u\" text-anchor=\"end\">%.2f GiB</text>\n",
			LEFT - 6, TOP + row * MAP_SIDE + MAP_SIDE - 2,
			(double)((u64)row * MAP_COLUMNS * cells->per_cell) / (1 << 18));
}

static void put_legend(FILE *to, const struct map_cells *cells, unsigned int y)
{
	enum page_class class;

	for (class = 0; class < PAGE_CLASS_COUNT; class++) {
		if (!map_cells_shows(cells, class))
			continue;
		put_rect(to, LEFT, y, map_colour_of(class));
		fprintf(to, "</rect><text x=\"%u\" y=\"%u\">%s: %.0f MB</text>\n", LEFT + 20,
			y + MAP_SIDE - 2, map_class_name(class),
			(double)map_cells_total(cells, class) * PAGE_MB);
		y += LEGEND_LINE;
	}
}

static void put_picture(FILE *to, const struct map_cells *cells)
{
	unsigned int below = TOP + map_rows(cells) * MAP_SIDE + 12, height;
	u32 i;

	height = below + PAGE_CLASS_COUNT * LEGEND_LINE + 4;
	fprintf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"font-family=\"sans-serif\" font-size=\"11\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n"
		"<text x=\"%u\" y=\"18\">%s, %.1f MiB a square"
		"</text>\n", LEFT + MAP_COLUMNS * MAP_SIDE + 10, height, LEFT, map_title(cells),
		(double)cells->per_cell / 256);
	put_addresses(to, cells);
	for (i = 0; i < cells->count; i++)
		put_cell(to, cells, i);
	put_legend(to, cells, below);
	fputs("</svg>\n", to);
}

int map_svg(const struct map_cells *cells, const char *path)
{
	FILE *to = fopen(path, "we");
	int ret = 0;

	if (!to)
		return -errno;
	put_picture(to, cells);
	if (ferror(to))
		ret = -EIO;
	if (fclose(to) && !ret)
		ret = -errno;
	return ret;
}
