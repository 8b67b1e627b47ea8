// SPDX-License-Identifier: GPL-2.0
/*
 * Changes to a text: they are collected by offsets into the text as it was, and then made
 * all at once.
 */
#include "text_edits.h"

#include <stdio.h>
#include <stdlib.h>

static void note(struct text_edits *edits, size_t from, size_t to, char *put)
{
	if (edits->count == TEXT_EDITS_MAX) {
		edits->full = 1;
		free(put);
		return;
	}
	edits->edit[edits->count++] = (struct text_edit){ .from = from, .to = to, .put = put };
}

void text_edits_add(struct text_edits *edits, size_t from, size_t to, char *put)
{
	if (put)
		note(edits, from, to, put);
	else
		edits->full = 1;
}

void text_edits_cut(struct text_edits *edits, size_t from, size_t to)
{
	note(edits, from, to, NULL);
}

/* An insertion sort keeps the order of changes at the same place. */
static void sort(struct text_edits *edits)
{
	struct text_edit moved;
	size_t i, at;

	for (i = 1; i < edits->count; i++) {
		moved = edits->edit[i];
		for (at = i; at > 0 && edits->edit[at - 1].from > moved.from; at--)
			edits->edit[at] = edits->edit[at - 1];
		edits->edit[at] = moved;
	}
}

/* Return: 0, or -1 when changes overlap or lie outside the text. */
static int write_all(const struct text_edits *edits, const char *text, size_t len, FILE *out)
{
	const struct text_edit *edit;
	size_t i, done = 0;

	for (i = 0; i < edits->count; i++) {
		edit = &edits->edit[i];
		if (edit->from < done || edit->to < edit->from || edit->to > len)
			return -1;
		fwrite(text + done, 1, edit->from - done, out);
		if (edit->put)
			fputs(edit->put, out);
		done = edit->to;
	}
	fwrite(text + done, 1, len - done, out);
	return ferror(out) ? -1 : 0;
}

char *text_edits_apply(struct text_edits *edits, const char *text, size_t len, size_t *size)
{
	char *result = NULL;
	FILE *out;
	int ret;

	out = edits->full ? NULL : open_memstream(&result, size);
	if (!out)
		return NULL;
	sort(edits);
	ret = write_all(edits, text, len, out);
	if (fclose(out) || ret) {
		free(result);
		return NULL;
	}
	return result;
}

void text_edits_free(struct text_edits *edits)
{
	size_t i;

	for (i = 0; i < edits->count; i++)
		free(edits->edit[i].put);
	edits->count = 0;
}
