/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Framing of the QMP byte stream: bytes in, one complete JSON object out at a
 * time, with a cap on its length. Knows braces and strings, not JSON.
 */
#ifndef FREEHINT_QMP_STREAM_H
#define FREEHINT_QMP_STREAM_H

#include "include/freehint/types.h"

/**
 * struct qmp_stream - bytes received and not yet used
 * @buf:     @size bytes; the stream owns them
 * @size:    capacity, bytes; no object may be longer
 * @used:    bytes in @buf
 * @start:   first byte of the object being read
 * @scan:    next byte to look at
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

/** qmp_stream_free() - give the buffer back */
void qmp_stream_free(struct qmp_stream *stream);

/** qmp_stream_reset() - forget everything: the connection is a new one */
void qmp_stream_reset(struct qmp_stream *stream);

/**
 * qmp_stream_room() - where to receive to
 * @stream: stream; what qmp_stream_next() returned becomes invalid
 * @len:    filled with the bytes that fit there; 0 only when the object being
 *          read has reached the cap, which qmp_stream_next() reports
 *
 * Return: address to receive to.
 */
char *qmp_stream_room(struct qmp_stream *stream, size_t *len);

/** qmp_stream_filled() - @len bytes were received to qmp_stream_room() */
void qmp_stream_filled(struct qmp_stream *stream, size_t len);

/**
 * qmp_stream_next() - take the next complete object
 * @stream: stream
 * @object: filled with its first byte; not terminated, valid until the next
 *          qmp_stream_room()
 * @len:    filled with its length, bytes
 *
 * Return: 1: an object; 0: more bytes are needed; -EPROTO: something that is not
 * an object stands between objects; -EMSGSIZE: an object is longer than the cap.
 */
int qmp_stream_next(struct qmp_stream *stream, const char **object, size_t *len);

#endif /* FREEHINT_QMP_STREAM_H */
