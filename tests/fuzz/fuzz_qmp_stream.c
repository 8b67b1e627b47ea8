// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes from the monitor, cut into any pieces: the objects found must not
 * depend on the cuts, none is longer than the cap, and the JSON parser takes each.
 */
/* links: host-agent/common/qmp_stream.c host-agent/common/read_json.c */
/* libs: jansson */
#include <jansson.h>

#include "fuzz.h"
#include "host-agent/common/qmp_stream.h"
#include "host-agent/common/read_json.h"

#define CAP	256
#define FOUND	(1 << 16)

/**
 * struct found - what a stream gave: all objects, one after the other
 * @text:  their bytes, each followed by a newline
 * @used:  bytes in @text
 * @end:   0, or the error that ended the stream
 */
struct found {
	char text[FOUND];
	size_t used;
	int end;
};

static struct found whole, pieces;

/* Cut off where the buffer ends, on both sides at the same place. */
static void keep(struct found *found, const char *object, size_t len)
{
	if (found->used + len + 1 > sizeof(found->text))
		return;
	memcpy(found->text + found->used, object, len);
	found->used += len;
	found->text[found->used++] = '\n';
}

/* What the parser takes is read as the parser takes it. */
static void parse(const char *object, size_t len)
{
	json_t *plain = json_loadb(object, len, 0, NULL);
	json_t *read = read_json(object, len);

	MUST(!plain || json_equal(plain, read));
	json_decref(plain);
	json_decref(read);
}

static void drain(struct qmp_stream *stream, struct found *found)
{
	const char *object;
	size_t len;

	while ((found->end = qmp_stream_next(stream, &object, &len)) == 1) {
		MUST(len >= 2 && len <= CAP);
		MUST(object >= stream->buf && object + len <= stream->buf + stream->used);
		MUST(object[0] == '{' && (object[len - 1] == '}' || object[len - 1] == ']'));
		keep(found, object, len);
		parse(object, len);
	}
	MUST(found->end == 0 || found->end == -EPROTO || found->end == -EMSGSIZE);
}

/* Feed @data; @cuts says how much is received at a time, NULL: all that fits. */
static void feed(struct found *found, const u8 *data, size_t size, struct input *cuts)
{
	struct qmp_stream stream;
	size_t room, some;
	char *to;

	found->used = 0;
	found->end = 0;
	MUST(!qmp_stream_init(&stream, CAP));
	while (size && !found->end) {
		to = qmp_stream_room(&stream, &room);
		MUST(room && to + room == stream.buf + CAP);
		some = cuts ? 1U + take8(cuts) % 32 : room;
		if (some > room)
			some = room;
		if (some > size)
			some = size;
		memcpy(to, data, some);
		qmp_stream_filled(&stream, some);
		data += some;
		size -= some;
		drain(&stream, found);
	}
	qmp_stream_free(&stream);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input cuts = { data, size < 16 ? size : 16 };

	feed(&whole, data + cuts.left, size - cuts.left, NULL);
	feed(&pieces, data + cuts.left, size - cuts.left, &cuts);
	MUST(whole.end == pieces.end);
	MUST(whole.used == pieces.used && !memcmp(whole.text, pieces.text, whole.used));
	return 0;
}
