/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Splits the QMP byte stream into complete JSON objects, one at a time, with a limit on
 * their length. It handles braces, brackets and strings, but does not parse JSON.
 */
#ifndef FREEHINT_QMP_STREAM_H
#define FREEHINT_QMP_STREAM_H

#include "include/freehint/types.h"

/**
 * struct qmp_stream - received bytes that were not returned yet
 * @buf:     buffer of @size bytes; the stream owns it
 * @size:    capacity, bytes; no object may be longer
 * @used:    bytes in @buf
 * @start:   first byte of the object being read
 * @scan:    next byte to scan
 * @depth:   open braces and brackets at @scan
 * @string:  @scan is inside a string
 * @escaped: the byte before @scan was an unescaped backslash in a string
 */
struct qmp_stream {
	char *buf;
	size_t size;
	size_t used;
	size_t start;
	size_t scan;
	unsigned int depth;
	bool string;
	bool escaped;
};

/** qmp_stream_init() - allocate @size bytes; Return: 0 or -ENOMEM */
int qmp_stream_init(struct qmp_stream *stream, size_t size);

/** qmp_stream_free() - free the buffer */
void qmp_stream_free(struct qmp_stream *stream);

/** qmp_stream_reset() - drop all bytes, for a new connection */
void qmp_stream_reset(struct qmp_stream *stream);

/**
 * qmp_stream_room() - where to write received bytes
 * @stream: stream; what qmp_stream_next() returned becomes invalid
 * @len:    filled with the number of bytes that fit; 0 only when the current object has
 *          reached the limit, which qmp_stream_next() reports
 *
 * Return: address to write to.
 */
char *qmp_stream_room(struct qmp_stream *stream, size_t *len);

/** qmp_stream_filled() - record that @len bytes were written to qmp_stream_room() */
void qmp_stream_filled(struct qmp_stream *stream, size_t len);

/**
 * qmp_stream_next() - return the next complete object
 * @stream: stream
 * @object: filled with its first byte; not terminated, valid until the next
 *          qmp_stream_room()
 * @len:    filled with its length, bytes
 *
 * Return: 1: an object; 0: more bytes are needed; -EPROTO: there is something else
 * between two objects; -EMSGSIZE: an object is longer than the limit.
 */
int qmp_stream_next(struct qmp_stream *stream, const char **object, size_t *len);

/**
 * qmp_stream_has_member() - does an object have this member?
 * @object: from qmp_stream_next(); the parser need not accept it
 * @len:    its length, bytes
 * @name:   of the member, without bytes that JSON escapes
 *
 * Return: true if it does; members of objects inside it do not count.
 */
bool qmp_stream_has_member(const char *object, size_t len, const char *name);

#endif /* FREEHINT_QMP_STREAM_H */
