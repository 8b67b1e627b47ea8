// SPDX-License-Identifier: GPL-2.0
/*
 * The host's writing side: its hello for regions of every size, and requests
 * that a guest can only read whole.
 */
/* links: proto/host_request.c proto/host_snapshot.c proto/guest_publish.c */
/* links: proto/host_offer.c */
#include "region.h"
#include "tests/unit/unit.h"

static void hello_is_refused_where_no_bitmap_fits(void **state)
{
	struct region region = region_map(FREEHINT_MIN_REGION);

	assert_int_equal(freehint_write_host_hello(region.shm, 0, 1), -EINVAL);
	assert_int_equal(freehint_write_host_hello(region.shm, FREEHINT_MIN_REGION - 1, 1),
			 -EINVAL);
	assert_int_equal(region.shm->host_hello.magic, 0);
	assert_int_equal(freehint_write_host_hello(region.shm, FREEHINT_MIN_REGION, 1), 0);
	assert_int_equal(region.shm->host_hello.capacity, 4096 * 8);
	region_drop(&region);
}

static void hello_needs_an_instance(void **state)
{
	struct region region = region_map(FREEHINT_MIN_REGION);

	assert_int_equal(freehint_write_host_hello(region.shm, region.size, 0), -EINVAL);
	assert_int_equal(region.shm->host_hello.magic, 0);
	region_drop(&region);
}

static void hello_describes_the_region(void **state)
{
	struct region region = region_make(1 << 20);
	const struct freehint_host_hello *hello = &region.shm->host_hello;

	assert_true(hello->magic == FREEHINT_MAGIC);
	assert_int_equal(hello->version_min, FREEHINT_VERSION_MIN);
	assert_int_equal(hello->version, FREEHINT_VERSION);
	assert_int_equal(hello->header_size, FREEHINT_HEADER_SIZE);
	assert_int_equal(hello->bitmap_offset, FREEHINT_HEADER_SIZE);
	assert_int_equal(hello->region_size, 1 << 20);
	assert_int_equal(hello->instance, REGION_INSTANCE);
	assert_int_equal(hello->capacity, ((1 << 20) - 4096) * 8);
	region_drop(&region);
}

static void hello_takes_back_a_request_of_an_earlier_process(void **state)
{
	struct region region = region_make(FREEHINT_MIN_REGION);

	freehint_write_request(region.shm, 77, FREEHINT_PHASE_ROUND, 3);
	assert_int_equal(freehint_write_host_hello(region.shm, region.size, 2), 0);
	assert_int_equal(region.shm->host_request.round, FREEHINT_NO_ROUND);
	assert_int_equal(region.shm->host_request.phase, FREEHINT_PHASE_OFF);
	assert_int_equal(region.shm->host_request.pass, 0);
	region_drop(&region);
}

static void hello_makes_an_earlier_guest_a_stranger(void **state)
{
	const struct freehint_guest_facts facts = { .contract = FREEHINT_CONTRACT_DEAD };
	struct region region = region_make(FREEHINT_MIN_REGION);
	struct freehint_guest_hello hello;
	struct freehint_publisher pub;
	struct freehint_reader reader;

	assert_int_equal(freehint_publisher_attach(&pub, region.base, region.size), 0);
	assert_int_equal(freehint_reader_attach(&reader, region.base, region.size), 0);
	freehint_publish_hello(&pub, REGION_INSTANCE, &facts);
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), 0);
	assert_int_equal(freehint_write_host_hello(region.shm, region.size, 2), 0);
	assert_int_equal(freehint_read_guest_hello(&reader, 2, &hello), -ENOENT);
	region_drop(&region);
}

static void both_sides_accept_what_the_host_wrote(void **state)
{
	static const u64 sizes[] = {
		FREEHINT_MIN_REGION, FREEHINT_MIN_REGION + 1, 65536, 1 << 20,
		REGION_BIGGEST - 4096, REGION_BIGGEST, REGION_BIGGEST + 4096,
	};
	struct freehint_host_hello hello;
	struct freehint_publisher pub;
	struct freehint_reader reader;
	struct region region;
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		region = region_make(sizes[i]);
		assert_int_equal(freehint_publisher_attach(&pub, region.base, sizes[i]), 0);
		assert_int_equal(freehint_reader_attach(&reader, region.base, sizes[i]), 0);
		assert_int_equal(freehint_read_host_hello(&reader, &hello), 0);
		assert_int_equal(pub.capacity, reader.capacity);
		region_drop(&region);
	}
}

static void request_is_read_by_both_sides(void **state)
{
	struct region region = region_make(FREEHINT_MIN_REGION);
	struct freehint_host_request seen;
	struct freehint_publisher pub;
	struct freehint_reader reader;
	struct freehint_request req;

	assert_int_equal(freehint_publisher_attach(&pub, region.base, region.size), 0);
	assert_int_equal(freehint_reader_attach(&reader, region.base, region.size), 0);
	freehint_write_request(region.shm, FREEHINT_ROUND_MAX, FREEHINT_PHASE_ROUND, 4);
	assert_true(freehint_read_request(&pub, &req));
	assert_true(freehint_read_host_request(&reader, &seen));
	assert_true(req.round == FREEHINT_ROUND_MAX && seen.round == FREEHINT_ROUND_MAX);
	assert_int_equal(req.pass, 4);
	assert_int_equal(seen.pass, 4);
	assert_int_equal(seen.phase, FREEHINT_PHASE_ROUND);
	region_drop(&region);
}

static void a_kick_is_news_in_a_line_that_has_not_changed(void **state)
{
	struct region region = region_make(FREEHINT_MIN_REGION);
	struct freehint_publisher pub;
	struct freehint_request before, after;

	assert_int_equal(freehint_publisher_attach(&pub, region.base, region.size), 0);
	freehint_write_request(region.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	assert_true(freehint_read_request(&pub, &before));
	freehint_write_kicks(region.shm, before.kicks + 1);
	assert_true(freehint_read_request(&pub, &after));
	assert_int_equal(after.kicks, before.kicks + 1);
	assert_int_equal(after.phase, before.phase);
	region_drop(&region);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(hello_is_refused_where_no_bitmap_fits),
		cmocka_unit_test(hello_needs_an_instance),
		cmocka_unit_test(hello_describes_the_region),
		cmocka_unit_test(hello_takes_back_a_request_of_an_earlier_process),
		cmocka_unit_test(hello_makes_an_earlier_guest_a_stranger),
		cmocka_unit_test(both_sides_accept_what_the_host_wrote),
		cmocka_unit_test(request_is_read_by_both_sides),
		cmocka_unit_test(a_kick_is_news_in_a_line_that_has_not_changed),
)
