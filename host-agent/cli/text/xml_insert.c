// SPDX-License-Identifier: GPL-2.0
/*
 * Puts elements into an XML text and takes them out, with the indentation and the line ends
 * that the text has at that place.
 */
#include "xml_insert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct margin - what is before an element on its line
 * @text:  where the line begins
 * @len:   blanks
 * @alone: there is nothing but these blanks
 */
struct margin {
	const char *text;
	int len;
	bool alone;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct margin margin_at(const struct xml_text *xml, size_t offset)
{
	size_t start = offset;

	while (start > 0 && is_blank(xml->text[start - 1]))
		start--;
	return (struct margin){
		.text = xml->text + start,
		.len = (int)(offset - start),
		.alone = start > 0 && xml->text[start - 1] == '\n',
	};
}

static const char *line_end(const struct xml_text *xml, const struct margin *margin)
{
	const char *before = margin->text - 2;

	return before >= xml->text && *before == '\r' ? "\r\n" : "\n";
}

/* The blanks of a child of @parent: as many as the last one has, or two more than @parent. */
static struct margin child_margin(const struct xml_text *xml, const xmlNode *parent)
{
	const xmlNode *child = xmlGetLastChild(parent);
	struct margin none = { .text = "", .len = 0 };

	while (child && child->type != XML_ELEMENT_NODE)
		child = child->prev;
	return child ? margin_at(xml, xml_text_place(child)->open) : none;
}

/* Each line with its margin and line end, or all in one without either. */
static void put_lines(FILE *out, const struct xml_text *xml, const struct margin *parent,
		      const struct margin *child, const char *lines)
{
	const char *end;

	for (; *lines; lines = end + 1) {
		end = strchr(lines, '\n');
		if (!parent->alone) {
			lines += strspn(lines, " ");
			fprintf(out, "%.*s", (int)(end - lines), lines);
			continue;
		}
		if (child->alone)
			fprintf(out, "%.*s", child->len, child->text);
		else
			fprintf(out, "%.*s  ", parent->len, parent->text);
		fprintf(out, "%.*s%s", (int)(end - lines), lines, line_end(xml, parent));
	}
}

/* The name of an element as its tags have it. */
static void put_name(FILE *out, const xmlNode *element)
{
	if (element->ns && element->ns->prefix)
		fprintf(out, "%s:", (const char *)element->ns->prefix);
	fputs((const char *)element->name, out);
}

/* <parent/> becomes <parent>, the lines, </parent>. */
static void fill_empty(FILE *out, const struct xml_text *xml, const xmlNode *parent,
		       const struct margin *margin, const char *lines)
{
	const struct margin none = { .text = "", .len = 0 };

	fputc('>', out);
	if (margin->alone)
		fputs(line_end(xml, margin), out);
	put_lines(out, xml, margin, &none, lines);
	if (margin->alone)
		fprintf(out, "%.*s", margin->len, margin->text);
	fputs("</", out);
	put_name(out, parent);
	fputc('>', out);
}

void xml_insert(const struct xml_text *xml, const xmlNode *parent, const char *lines,
		struct text_edits *edits)
{
	const struct xml_place *place = xml_text_place(parent);
	struct margin margin, child;
	char *text = NULL;
	size_t len, at;
	FILE *out;

	out = open_memstream(&text, &len);
	if (!out) {
		text_edits_add(edits, 0, 0, NULL);
		return;
	}
	margin = margin_at(xml, place->empty ? place->open : place->close);
	if (place->empty) {
		fill_empty(out, xml, parent, &margin, lines);
	} else {
		child = child_margin(xml, parent);
		put_lines(out, xml, &margin, &child, lines);
	}
	if (fclose(out)) {
		free(text);
		text = NULL;
	}
	at = place->empty || !margin.alone ? place->close : (size_t)(margin.text - xml->text);
	text_edits_add(edits, at, place->empty ? place->end : at, text);
}

void xml_cut(const struct xml_text *xml, const xmlNode *element, struct text_edits *edits)
{
	const struct xml_place *place = xml_text_place(element);
	struct margin margin = margin_at(xml, place->open);
	size_t end = place->end;

	while (end < xml->len && (is_blank(xml->text[end]) || xml->text[end] == '\r'))
		end++;
	if (margin.alone && end < xml->len && xml->text[end] == '\n')
		text_edits_cut(edits, (size_t)(margin.text - xml->text), end + 1);
	else
		text_edits_cut(edits, place->open, place->end);
}

/* Return: bytes of the character at @text. */
static int put_reference(FILE *out, const char *text)
{
	int len = 4, code = xmlGetUTF8Char((const unsigned char *)text, &len);

	fprintf(out, "&#%d;", code);
	return code < 0 ? 1 : len;
}

/* Blanks other than a space would be spaces to who reads the attribute. */
static void put_escaped(FILE *out, const char *text, bool ascii)
{
	for (; *text; text++)
		switch (*text) {
		case '\t':
		case '\n':
		case '\r':
			put_reference(out, text);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '\'':
			fputs("&apos;", out);
			break;
		default:
			if (ascii && (unsigned char)*text >= 0x80)
				text += put_reference(out, text) - 1;
			else
				fputc(*text, out);
		}
}

char *xml_escape(const struct xml_text *xml, const char *text)
{
	char *escaped = NULL;
	size_t len;
	FILE *out;

	out = open_memstream(&escaped, &len);
	if (!out)
		return NULL;
	put_escaped(out, text, xml_text_is_ascii(xml));
	if (!fclose(out))
		return escaped;
	free(escaped);
	return NULL;
}
