/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changes to a text: what is taken out, what is put in, and where.
 */
#ifndef FREEHINT_CLI_TEXT_EDITS_H
#define FREEHINT_CLI_TEXT_EDITS_H

#include <stddef.h>

/* A domain takes about ten at once; one with more of our arguments than that is refused. */
#define TEXT_EDITS_MAX	64

/**
 * struct text_edit - one change
 * @from: first byte that goes, offset into the text before any change
 * @to:   the byte behind the last one that goes
 * @put:  what comes in, owned; NULL: nothing
 */
struct text_edit {
	size_t from;
	size_t to;
	char *put;
};

/**
 * struct text_edits - all changes to one text, in any order
 * @edit:  the changes
 * @count: how many
 * @full:  one did not fit, or there was no memory
 */
struct text_edits {
	struct text_edit edit[TEXT_EDITS_MAX];
	size_t count;
	int full;
};

/**
 * text_edits_add() - note a change
 * @edits: all zeros before the first
 * @from:  first byte that goes
 * @to:    the byte behind the last one that goes, @from if none goes
 * @put:   what comes in; freed by text_edits_free(), NULL is taken for a lack of memory
 */
void text_edits_add(struct text_edits *edits, size_t from, size_t to, char *put);

/** text_edits_cut() - note that the bytes from @from to before @to go */
void text_edits_cut(struct text_edits *edits, size_t from, size_t to);

/**
 * text_edits_apply() - the text with all changes
 * @edits: changes; put into the order of the text
 * @text:  text before them
 * @len:   its bytes
 * @size:  filled: bytes of the result
 *
 * What is put in at the same place stays in the order of text_edits_add().
 *
 * Return: the result, to be freed by the caller; NULL without memory, or if changes
 * overlap or lie outside the text.
 */
char *text_edits_apply(struct text_edits *edits, const char *text, size_t len, size_t *size);

/** text_edits_free() - free what was put in */
void text_edits_free(struct text_edits *edits);

#endif /* FREEHINT_CLI_TEXT_EDITS_H */
