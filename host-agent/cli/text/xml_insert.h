/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Puts elements into an XML text and takes them out, so that the text looks as if its
 * author had done it.
 */
#ifndef FREEHINT_CLI_XML_INSERT_H
#define FREEHINT_CLI_XML_INSERT_H

#include "text_edits.h"
#include "xml_text.h"

/**
 * xml_insert() - put lines behind the last child of @parent
 * @xml:    document
 * @parent: element
 * @lines:  text; each line ends with a newline, and begins with the blanks that it has more
 *          than a child of @parent
 * @edits:  changes
 *
 * A document without line breaks at that place gets none, one with CRLF gets CRLF.
 */
void xml_insert(const struct xml_text *xml, const xmlNode *parent, const char *lines,
		struct text_edits *edits);

/** xml_cut() - take @element out, with its lines if it has them to itself */
void xml_cut(const struct xml_text *xml, const xmlNode *element, struct text_edits *edits);

/**
 * xml_escape() - text for an attribute between single quotes
 * @xml:  the document that gets it
 * @text: UTF-8
 *
 * Return: to be freed by the caller; NULL without memory.
 */
char *xml_escape(const struct xml_text *xml, const char *text);

#endif /* FREEHINT_CLI_XML_INSERT_H */
