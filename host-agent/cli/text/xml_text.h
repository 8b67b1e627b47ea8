/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An XML document and where each of its elements stands in the text. Whoever changes the
 * document changes the text there, so that every other byte stays as it is.
 */
#ifndef FREEHINT_CLI_XML_TEXT_H
#define FREEHINT_CLI_XML_TEXT_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

#define XML_TEXT_ERROR	400

/* libvirt sends no longer text from client to daemon, so no domain is longer. */
#define XML_TEXT_MAX	(4U << 20)

/**
 * struct xml_place - where an element stands, byte offsets into the text
 * @open:   its "<"
 * @inside: behind the ">" of its start tag; behind it all if the element has no end tag
 * @close:  the "<" of its end tag; the "/>" if it has none
 * @end:    behind it
 * @empty:  it has no end tag
 * @next:   of another element of the document
 */
struct xml_place {
	size_t open;
	size_t inside;
	size_t close;
	size_t end;
	bool empty;
	struct xml_place *next;
};

/**
 * struct xml_text - a parsed document
 * @text:   the bytes; the caller owns them, they must stay valid
 * @len:    how many
 * @doc:    the tree, NULL before and after
 * @places: one for each element, a list
 * @lost:   libxml2 named a place where no tag is, or memory ran out
 * @doctype: line of the document type, 0: the document has none
 * @error:  after a failure: the line and the reason, as text for the user
 */
struct xml_text {
	const char *text;
	size_t len;
	xmlDoc *doc;
	struct xml_place *places;
	bool lost;
	unsigned long doctype;
	char error[XML_TEXT_ERROR];
};

/**
 * xml_text_parse() - parse a document
 * @xml:  filled; call xml_text_free() after success and after failure
 * @text: UTF-8 or US-ASCII, need not end with a zero
 * @len:  bytes
 *
 * Nothing is read but the text: a document type, and with it every entity, is refused.
 *
 * Return: 0, -EINVAL or -ENOMEM, with @xml->error set.
 */
int xml_text_parse(struct xml_text *xml, const char *text, size_t len);

/** xml_text_free() - free what xml_text_parse() has allocated */
void xml_text_free(struct xml_text *xml);

/** xml_text_place() - where @element stands */
const struct xml_place *xml_text_place(const xmlNode *element);

/** xml_text_is_ascii() - is the document declared as ASCII, and has no character beyond it? */
bool xml_text_is_ascii(const struct xml_text *xml);

/** xml_text_line() - number of the line that has the byte @offset, from 1 */
unsigned long xml_text_line(const struct xml_text *xml, size_t offset);

/**
 * xml_text_refuse() - set the error
 * @xml:     the document
 * @element: where the error is, NULL: in the first line
 * @fmt:     the reason
 *
 * Return: -EINVAL.
 */
__attribute__((format(printf, 3, 4)))
int xml_text_refuse(struct xml_text *xml, const xmlNode *element, const char *fmt, ...);

/**
 * xml_text_next() - the first of @node and its following siblings that is such an element
 * @node: where to begin, may be NULL
 * @name: its name, without a namespace
 *
 * Return: NULL if there is none.
 */
xmlNode *xml_text_next(xmlNode *node, const char *name);

/** xml_text_child() - the first child of @parent, which may be NULL, with this name */
xmlNode *xml_text_child(const xmlNode *parent, const char *name);

/**
 * xml_text_value() - the value of the attribute @name of @element, which may be NULL
 *
 * Return: to be released with xmlFree(); NULL if there is none.
 */
char *xml_text_value(const xmlNode *element, const char *name);

/** xml_text_is() - does @element have the attribute @name with this @value? */
bool xml_text_is(const xmlNode *element, const char *name, const char *value);

#endif /* FREEHINT_CLI_XML_TEXT_H */
