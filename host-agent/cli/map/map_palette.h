/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout and colours of the pictures of memory. People with colour blindness can
 * distinguish the colours (palette of Okabe and Ito).
 */
#ifndef FREEHINT_MAP_PALETTE_H
#define FREEHINT_MAP_PALETTE_H

#include "map_cells.h"

/* Cells in a row of a picture, and width and height of a cell in pixels. */
#define MAP_COLUMNS	64U
#define MAP_SIDE	12U

/**
 * struct map_colour - a colour
 * @red:   0 to 255
 * @green: 0 to 255
 * @blue:  0 to 255
 */
struct map_colour {
	u8 red;
	u8 green;
	u8 blue;
};

/** map_colour_of() - colour of a class; PAGE_CLASS_COUNT is a hole */
static inline struct map_colour map_colour_of(enum page_class class)
{
	switch (class) {
	case PAGE_SENT:
	case PAGE_NEVER:
		return (struct map_colour){ 0xd5, 0x5e, 0x00 };
	case PAGE_AGAIN:
	case PAGE_TAKEN:
		return (struct map_colour){ 0xf0, 0xe4, 0x42 };
	case PAGE_KEPT:
	case PAGE_GIVEN:
		return (struct map_colour){ 0x00, 0x9e, 0x73 };
	case PAGE_FREE:
		return (struct map_colour){ 0x56, 0xb4, 0xe9 };
	default:
		return (struct map_colour){ 0xff, 0xff, 0xff };
	}
}

/* The smaller the share of the main class, the paler the colour. */
static inline u8 map_paler(u8 part, unsigned int shade)
{
	return (u8)(0xff - (0xff - part) * (shade + 1) / 5);
}

/** map_colour_at() - colour of a cell */
static inline struct map_colour map_colour_at(const struct map_cells *cells, u32 cell)
{
	struct map_colour colour = map_colour_of(map_cells_main(cells, cell));
	unsigned int shade = map_cells_shade(cells, cell);

	return (struct map_colour){ map_paler(colour.red, shade),
				    map_paler(colour.green, shade),
				    map_paler(colour.blue, shade) };
}

/** map_rows() - rows of a picture */
static inline u32 map_rows(const struct map_cells *cells)
{
	return (cells->count + MAP_COLUMNS - 1) / MAP_COLUMNS;
}

#endif /* FREEHINT_MAP_PALETTE_H */
