/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The whole protocol once more with another version window, under other names: a side
 * that is newer or older than the others in the same program. A file that defines
 * SIDE, FREEHINT_VERSION and FREEHINT_VERSION_MIN and includes this one is a side.
 */
#define SIDE_PASTE(a, b)	a##_##b
#define SIDE_NAME(a, b)		SIDE_PASTE(a, b)

#define freehint_publisher_attach	SIDE_NAME(SIDE, publisher_attach)
#define freehint_older_side		SIDE_NAME(SIDE, older_side)
#define freehint_publish_hello		SIDE_NAME(SIDE, publish_hello)
#define freehint_refresh_hello		SIDE_NAME(SIDE, refresh_hello)
#define freehint_withdraw		SIDE_NAME(SIDE, withdraw)
#define freehint_shows_host		SIDE_NAME(SIDE, shows_host)
#define freehint_beat			SIDE_NAME(SIDE, beat)
#define freehint_read_request		SIDE_NAME(SIDE, read_request)
#define freehint_round_is_current	SIDE_NAME(SIDE, round_is_current)
#define freehint_open_round		SIDE_NAME(SIDE, open_round)
#define freehint_put_words		SIDE_NAME(SIDE, put_words)
#define freehint_put_used		SIDE_NAME(SIDE, put_used)
#define freehint_advance		SIDE_NAME(SIDE, advance)
#define freehint_advance_current	SIDE_NAME(SIDE, advance_current)
#define freehint_drop_words		SIDE_NAME(SIDE, drop_words)
#define freehint_seal_round		SIDE_NAME(SIDE, seal_round)
#define freehint_region_capacity	SIDE_NAME(SIDE, region_capacity)
#define freehint_reader_attach		SIDE_NAME(SIDE, reader_attach)
#define freehint_read_host_hello	SIDE_NAME(SIDE, read_host_hello)
#define freehint_read_host_request	SIDE_NAME(SIDE, read_host_request)
#define freehint_read_guest_hello	SIDE_NAME(SIDE, read_guest_hello)
#define freehint_read_beats		SIDE_NAME(SIDE, read_beats)
#define freehint_read_poll_us		SIDE_NAME(SIDE, read_poll_us)
#define freehint_read_progress		SIDE_NAME(SIDE, read_progress)
#define freehint_copy_bitmap		SIDE_NAME(SIDE, copy_bitmap)
#define freehint_read_seal		SIDE_NAME(SIDE, read_seal)
#define freehint_write_host_hello	SIDE_NAME(SIDE, write_host_hello)
#define freehint_is_host_hello		SIDE_NAME(SIDE, is_host_hello)
#define freehint_clear_host_hello	SIDE_NAME(SIDE, clear_host_hello)
#define freehint_write_request		SIDE_NAME(SIDE, write_request)
#define freehint_write_kicks		SIDE_NAME(SIDE, write_kicks)

#include "proto/guest_publish.c"
#include "proto/host_request.c"
#include "proto/host_snapshot.c"

#include "tests/fakes/side.h"

const struct side SIDE = {
	.version_min = FREEHINT_VERSION_MIN,
	.version = FREEHINT_VERSION,
	.write_host_hello = freehint_write_host_hello,
	.attach_guest = freehint_publisher_attach,
	.older = freehint_older_side,
	.publish_guest_hello = freehint_publish_hello,
	.attach_reader = freehint_reader_attach,
	.read_host = freehint_read_host_hello,
	.read_guest = freehint_read_guest_hello,
};
