// SPDX-License-Identifier: GPL-2.0
/*
 * Draws a picture of memory as PNG: a square for each cell, without text and legend.
 */
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "map_draw.h"
#include "map_palette.h"

#define CHANNELS	3U
#define WIDTH		((size_t)MAP_COLUMNS * MAP_SIDE)

static void paint_cell(u8 *pixels, u32 cell, struct map_colour colour)
{
	size_t x = (size_t)(cell % MAP_COLUMNS) * MAP_SIDE;
	size_t y = (size_t)(cell / MAP_COLUMNS) * MAP_SIDE, i, j;
	u8 *at;

	for (j = 0; j < MAP_SIDE - 1; j++)
		for (i = 0; i < MAP_SIDE - 1; i++) {
			at = pixels + ((y + j) * WIDTH + x + i) * CHANNELS;
			at[0] = colour.red;
			at[1] = colour.green;
			at[2] = colour.blue;
		}
}

int map_png(const struct map_cells *cells, const char *path)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = MAP_COLUMNS * MAP_SIDE,
		.height = map_rows(cells) * MAP_SIDE,
		.format = PNG_FORMAT_RGB,
	};
	size_t size = (size_t)image.width * image.height * CHANNELS;
	u8 *pixels = malloc(size);
	int ret = 0;
	u32 i;

	if (!pixels)
		return -ENOMEM;
	memset(pixels, 0xff, size);
	for (i = 0; i < cells->count; i++)
		paint_cell(pixels, i, map_colour_at(cells, i));
	errno = 0;
	if (!png_image_write_to_file(&image, path, 0, pixels, 0, NULL))
		ret = errno ? -errno : -EIO;
	free(pixels);
	return ret;
}
