/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pictures of guest memory: on a terminal, as SVG, as PNG.
 */
#ifndef FREEHINT_MAP_DRAW_H
#define FREEHINT_MAP_DRAW_H

#include <stdio.h>

#include "map_cells.h"

/**
 * map_terminal() - draw with coloured blanks, or with characters
 * @cells:   what to show
 * @to:      file to write to
 * @columns: width of the terminal
 * @colour:  use colours
 */
void map_terminal(const struct map_cells *cells, FILE *to, unsigned int columns, bool colour);

/** map_svg() - write a picture with a legend; Return: 0 or negative errno */
int map_svg(const struct map_cells *cells, const char *path);

/** map_png() - write a picture without a legend; Return: 0 or negative errno */
int map_png(const struct map_cells *cells, const char *path);

#endif /* FREEHINT_MAP_DRAW_H */
