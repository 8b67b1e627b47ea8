// SPDX-License-Identifier: GPL-2.0
/*
 * Parses an XML document and records where each of its elements stands in the text.
 *
 * libxml2 calls us at the end of each start tag and behind each end tag, and says how many
 * bytes it has read. We look whether a tag is there, so a libxml2 that counts differently
 * makes us refuse the document, not damage it.
 */
#include "xml_text.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS		(XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)

static struct xml_place *place_of(const xmlNode *element)
{
	return element->_private;
}

/* The element carries its place, the list owns it. */
static struct xml_place *add_place(struct xml_text *xml, xmlNode *element)
{
	struct xml_place *place = calloc(1, sizeof(*place));

	if (!place)
		return NULL;
	place->next = xml->places;
	xml->places = place;
	element->_private = place;
	return place;
}

/* Return: the last "<" before @offset, or @len. */
static size_t tag_before(const struct xml_text *xml, size_t offset)
{
	while (offset > 0)
		if (xml->text[--offset] == '<')
			return offset;
	return xml->len;
}

/* @at: the ">" or "/>" of the start tag. An attribute has no "<", so that of the tag is next. */
static void note_start(struct xml_text *xml, xmlNode *element, size_t at)
{
	struct xml_place *place = element ? add_place(xml, element) : NULL;

	if (!place || at + 1 >= xml->len) {
		xml->lost = true;
		return;
	}
	place->open = tag_before(xml, at);
	place->empty = xml->text[at] == '/' && xml->text[at + 1] == '>';
	place->close = at;
	place->inside = at + (place->empty ? 2 : 1);
	if (place->open == xml->len || xml->text[place->inside - 1] != '>')
		xml->lost = true;
}

/* @at: behind the end tag, or behind the start tag of an empty element. */
static void note_end(struct xml_text *xml, const xmlNode *element, size_t at)
{
	struct xml_place *place;

	if (xml->lost || !element || !element->_private || !at || at > xml->len) {
		xml->lost = true;
		return;
	}
	place = place_of(element);
	place->end = at;
	if (place->empty) {
		xml->lost = at != place->inside;
		return;
	}
	place->close = tag_before(xml, at);
	if (xml->text[at - 1] != '>' || place->close < place->inside ||
	    place->close + 1 >= xml->len || xml->text[place->close + 1] != '/')
		xml->lost = true;
}

static size_t position(xmlParserCtxt *parser)
{
	long at = xmlByteConsumed(parser);

	return at < 0 ? SIZE_MAX / 2 : (size_t)at;
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix,
		     const xmlChar *uri, int namespaces, const xmlChar **bound,
		     int attributes, int defaulted, const xmlChar **values)
{
	xmlParserCtxt *parser = context;

	xmlSAX2StartElementNs(context, name, prefix, uri, namespaces, bound, attributes,
			      defaulted, values);
	note_start(parser->_private, parser->node, position(parser));
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix,
		   const xmlChar *uri)
{
	xmlParserCtxt *parser = context;

	note_end(parser->_private, parser->node, position(parser));
	xmlSAX2EndElementNs(context, name, prefix, uri);
}

/* Without a document type there are no entities: none that is large, none that is a file. */
static void on_doctype(void *context, const xmlChar *name, const xmlChar *external,
		       const xmlChar *system)
{
	xmlParserCtxt *parser = context;
	struct xml_text *xml = parser->_private;

	(void)name;
	(void)external;
	(void)system;
	xml->doctype = (unsigned long)xmlSAX2GetLineNumber(parser);
	xmlStopParser(parser);
}

static int refuse_line(struct xml_text *xml, unsigned long line, const char *why)
{
	snprintf(xml->error, sizeof(xml->error), "line %lu: %s", line, why);
	return -EINVAL;
}

static int take_error(struct xml_text *xml, xmlParserCtxt *parser)
{
	const xmlError *error = xmlCtxtGetLastError(parser);
	const char *message = error && error->message ? error->message : "not XML";
	int len = (int)strcspn(message, "\n");

	if (xml->doctype)
		return refuse_line(xml, xml->doctype, "the document has a document type (<!DOCTYPE>), which no domain has; remove it");
	snprintf(xml->error, sizeof(xml->error), "line %d: %.*s", error ? error->line : 1, len,
		 message);
	return -EINVAL;
}

bool xml_text_is_ascii(const struct xml_text *xml)
{
	const char *encoding = (const char *)xml->doc->encoding;

	return encoding && !strcasecmp(encoding, "US-ASCII");
}

static int check_encoding(struct xml_text *xml)
{
	const char *encoding = (const char *)xml->doc->encoding;

	if (encoding && strcasecmp(encoding, "UTF-8") != 0 && !xml_text_is_ascii(xml))
		return xml_text_refuse(xml, NULL, "the document is encoded in %.40s, only UTF-8 is understood: convert it, and declare UTF-8",
				       encoding);
	if (xml->lost)
		return refuse_line(xml, 1, "the parser does not say where the elements are; convert the document to UTF-8");
	return 0;
}

static int parse_with(struct xml_text *xml, xmlParserCtxt *parser)
{
	parser->_private = xml;
	parser->sax->startElementNs = on_start;
	parser->sax->endElementNs = on_end;
	parser->sax->internalSubset = on_doctype;
	xml->doc = xmlCtxtReadMemory(parser, xml->text, (int)xml->len, NULL, NULL, OPTIONS);
	if (!xml->doc || xml->doctype || !parser->nsWellFormed)
		return take_error(xml, parser);
	return check_encoding(xml);
}

int xml_text_parse(struct xml_text *xml, const char *text, size_t len)
{
	xmlParserCtxt *parser;
	const char *zero;
	int ret;

	memset(xml, 0, sizeof(*xml));
	xml->text = text;
	xml->len = len;
	if (len > XML_TEXT_MAX)
		return refuse_line(xml, xml_text_line(xml, XML_TEXT_MAX),
				   "the document is longer than 4 MiB, the most that libvirt accepts");
	if (!len)
		return refuse_line(xml, 1, "the document is empty; give what virsh dumpxml prints");
	zero = memchr(text, '\0', len);
	if (zero)
		return refuse_line(xml, xml_text_line(xml, (size_t)(zero - text)),
				   "the document has a zero byte, only UTF-8 is understood: convert it, and declare UTF-8");
	parser = xmlNewParserCtxt();
	if (!parser) {
		snprintf(xml->error, sizeof(xml->error), "no memory for the document; free some on this host");
		return -ENOMEM;
	}
	ret = parse_with(xml, parser);
	xmlFreeParserCtxt(parser);
	return ret;
}

void xml_text_free(struct xml_text *xml)
{
	struct xml_place *place;

	xmlFreeDoc(xml->doc);
	xml->doc = NULL;
	while ((place = xml->places)) {
		xml->places = place->next;
		free(place);
	}
}

const struct xml_place *xml_text_place(const xmlNode *element)
{
	return place_of(element);
}

unsigned long xml_text_line(const struct xml_text *xml, size_t offset)
{
	unsigned long line = 1;
	size_t i;

	for (i = 0; i < offset && i < xml->len; i++)
		line += xml->text[i] == '\n';
	return line;
}

int xml_text_refuse(struct xml_text *xml, const xmlNode *element, const char *fmt, ...)
{
	unsigned long line = element ? xml_text_line(xml, place_of(element)->open) : 1;
	size_t used = (size_t)snprintf(xml->error, sizeof(xml->error), "line %lu: ", line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(xml->error + used, sizeof(xml->error) - used, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

xmlNode *xml_text_next(xmlNode *node, const char *name)
{
	for (; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !node->ns &&
		    !strcmp((const char *)node->name, name))
			return node;
	return NULL;
}

xmlNode *xml_text_child(const xmlNode *parent, const char *name)
{
	return parent ? xml_text_next(parent->children, name) : NULL;
}

char *xml_text_value(const xmlNode *element, const char *name)
{
	return element ? (char *)xmlGetNoNsProp(element, (const xmlChar *)name) : NULL;
}

bool xml_text_is(const xmlNode *element, const char *name, const char *value)
{
	char *found = xml_text_value(element, name);
	bool same = found && !strcmp(found, value);

	xmlFree(found);
	return same;
}
