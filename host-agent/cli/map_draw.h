/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pictures of memory: on a terminal, as SVG, as PNG.
 */
#ifndef FREEHINT_MAP_DRAW_H
#define FREEHINT_MAP_DRAW_H

#include <stdio.h>

#include "map_cells.h"

/**
 * map_terminal() - lines of coloured blanks, or of characters
 * @cells:   what to show
 * @to:      where
 * @columns: of it
 * @colour:  use colours
 */
void map_terminal(const struct map_cells *cells, FILE *to, unsigned int columns, bool colour);

/** map_svg() - a picture with a legend and what each cell holds; 0 or negative errno */
int map_svg(const struct map_cells *cells, const char *path);

/** map_png() - the picture alone; 0 or negative errno */
int map_png(const struct map_cells *cells, const char *path);

#endif /* FREEHINT_MAP_DRAW_H */
