// SPDX-License-Identifier: GPL-2.0
/*
 * Splits the QMP byte stream into complete JSON objects, one at a time.
 *
 * The end of an object is found by counting brackets outside strings, not by newlines: a
 * monitor with pretty=on spreads an object over many lines. The parser checks whether the
 * bytes between the brackets are JSON.
 */
#include "qmp_stream.h"

#include <stdlib.h>
#include <string.h>

int qmp_stream_init(struct qmp_stream *stream, size_t size)
{
	memset(stream, 0, sizeof(*stream));
	stream->buf = malloc(size);
	if (!stream->buf)
		return -ENOMEM;
	stream->size = size;
	return 0;
}

void qmp_stream_free(struct qmp_stream *stream)
{
	free(stream->buf);
	stream->buf = NULL;
}

void qmp_stream_reset(struct qmp_stream *stream)
{
	stream->used = 0;
	stream->start = 0;
	stream->scan = 0;
	stream->depth = 0;
	stream->string = false;
	stream->escaped = false;
}

/* Move the bytes that were not returned yet to the front. */
static void compact(struct qmp_stream *stream)
{
	size_t gone = stream->start;

	memmove(stream->buf, stream->buf + gone, stream->used - gone);
	stream->used -= gone;
	stream->scan -= gone;
	stream->start = 0;
}

char *qmp_stream_room(struct qmp_stream *stream, size_t *len)
{
	if (stream->start)
		compact(stream);
	*len = stream->size - stream->used;
	return stream->buf + stream->used;
}

void qmp_stream_filled(struct qmp_stream *stream, size_t len)
{
	stream->used += len;
}

static void scan_string(struct qmp_stream *stream, char c)
{
	if (stream->escaped)
		stream->escaped = false;
	else if (c == '\\')
		stream->escaped = true;
	else if (c == '"')
		stream->string = false;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Return: 1 when @c ends an object, 0 when it does not, -EPROTO when @c is invalid here. */
static int scan_byte(struct qmp_stream *stream, char c)
{
	if (stream->string) {
		scan_string(stream, c);
		return 0;
	}
	if (!stream->depth) {
		if (is_space(c)) {
			stream->start = stream->scan + 1;
			return 0;
		}
		if (c != '{')
			return -EPROTO;
	}
	if (c == '{' || c == '[')
		stream->depth++;
	else if (c == '}' || c == ']')
		return --stream->depth == 0;
	else if (c == '"')
		stream->string = true;
	return 0;
}

int qmp_stream_next(struct qmp_stream *stream, const char **object, size_t *len)
{
	int ret;

	for (; stream->scan < stream->used; stream->scan++) {
		ret = scan_byte(stream, stream->buf[stream->scan]);
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		*object = stream->buf + stream->start;
		*len = stream->scan + 1 - stream->start;
		stream->scan++;
		stream->start = stream->scan;
		return 1;
	}
	if (stream->used - stream->start == stream->size)
		return -EMSGSIZE;
	return 0;
}

/* Is there "@name" with a colon behind it? Without the colon it is a value. */
static bool is_name(const char *text, const char *end, const char *name)
{
	size_t len = strlen(name);

	if ((size_t)(end - text) < len + 2 || text[0] != '"' || text[len + 1] != '"' ||
	    memcmp(text + 1, name, len) != 0)
		return false;
	for (text += len + 2; text < end && is_space(*text); text++)
		;
	return text < end && *text == ':';
}

bool qmp_stream_has_member(const char *object, size_t len, const char *name)
{
	struct qmp_stream place = { .depth = 0 };
	const char *end = object + len;

	for (; object < end; object++) {
		if (place.depth == 1 && !place.string && is_name(object, end, name))
			return true;
		scan_byte(&place, *object);
	}
	return false;
}
