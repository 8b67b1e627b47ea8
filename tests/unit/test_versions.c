// SPDX-License-Identifier: GPL-2.0
/*
 * Version windows: every combination of a host, a guest and a reader of which each
 * may be newer or older than the others, and what each of them then says.
 */
/* links: tests/fakes/side_1_1.c tests/fakes/side_1_2.c */
/* links: tests/fakes/side_1_3.c tests/fakes/side_2_2.c tests/fakes/side_2_3.c */
#include "tests/fakes/side.h"
#include "tests/unit/unit.h"

#define SIZE		16384
#define INSTANCE	77

static const struct side *const sides[] = {
	&side_1_1, &side_1_2, &side_1_3, &side_2_2, &side_2_3,
};

#define SIDES	(sizeof(sides) / sizeof(sides[0]))

static const struct freehint_guest_facts facts = {
	.contract = FREEHINT_CONTRACT_DEAD,
	.end_pfn = 64,
};

static struct freehint_shm *shm;

static int setup(void **state)
{
	shm = aligned_alloc(4096, SIZE);
	return !shm;
}

static int teardown(void **state)
{
	free(shm);
	return 0;
}

/* The highest version of both windows, 0 when there is none. */
static u16 common(const struct side *a, const struct side *b)
{
	u16 top = a->version < b->version ? a->version : b->version;

	return top >= a->version_min && top >= b->version_min ? top : 0;
}

static void fresh_region(const struct side *host)
{
	memset(shm, 0, SIZE);
	assert_int_equal(host->write_host_hello(shm, SIZE, INSTANCE), 0);
}

static int read_host(const struct side *reader)
{
	struct freehint_host_hello hello;
	struct freehint_reader view;

	assert_int_equal(reader->attach_reader(&view, shm, SIZE), 0);
	return reader->read_host(&view, &hello);
}

static int read_guest(const struct side *reader)
{
	struct freehint_guest_hello hello;
	struct freehint_reader view;

	assert_int_equal(reader->attach_reader(&view, shm, SIZE), 0);
	return reader->read_guest(&view, INSTANCE, &hello);
}

static bool speaks(const struct side *side, u16 version)
{
	return version >= side->version_min && version <= side->version;
}

/* Host and guest have met; does a third side understand what they agreed on? */
static void check_reader(const struct side *host, u16 agreed, const struct side *reader)
{
	int wanted = common(host, reader) ? 0 : -EPROTO;

	assert_int_equal(read_host(reader), wanted);
	wanted = !agreed ? -ENOENT : speaks(reader, agreed) ? 0 : -EPROTO;
	assert_int_equal(read_guest(reader), wanted);
}

static void meet(const struct side *host, const struct side *guest)
{
	u16 agreed = common(host, guest);
	struct freehint_publisher pub;
	unsigned int i;
	int ret;

	fresh_region(host);
	ret = guest->attach_guest(&pub, shm, SIZE);
	assert_int_equal(ret, agreed ? 0 : -EPROTO);
	assert_int_equal(pub.host_version_min, host->version_min);
	assert_int_equal(pub.host_version, host->version);
	if (agreed) {
		assert_int_equal(pub.version, agreed);
		guest->publish_guest_hello(&pub, INSTANCE, &facts);
	}
	assert_int_equal(read_guest(host), agreed ? 0 : -ENOENT);
	for (i = 0; i < SIDES; i++)
		check_reader(host, agreed, sides[i]);
}

static void every_host_meets_every_guest_and_every_reader(void **state)
{
	unsigned int h, g;

	for (h = 0; h < SIDES; h++)
		for (g = 0; g < SIDES; g++)
			meet(sides[h], sides[g]);
}

static void the_older_side_is_named(void **state)
{
	struct freehint_publisher pub;

	fresh_region(&side_1_1);
	assert_int_equal(side_2_2.attach_guest(&pub, shm, SIZE), -EPROTO);
	assert_string_equal(side_2_2.older(&pub), "freehint of the host");
	fresh_region(&side_2_3);
	assert_int_equal(side_1_1.attach_guest(&pub, shm, SIZE), -EPROTO);
	assert_string_equal(side_1_1.older(&pub), "freehint of this guest");
}

static void a_guest_without_a_common_version_writes_nothing(void **state)
{
	struct freehint_publisher pub;
	struct freehint_shm *before = malloc(SIZE);

	assert_non_null(before);
	fresh_region(&side_2_2);
	memcpy(before, shm, SIZE);
	assert_int_equal(side_1_1.attach_guest(&pub, shm, SIZE), -EPROTO);
	assert_memory_equal(before, shm, SIZE);
	free(before);
}

static void a_host_that_was_replaced_is_looked_at_anew(void **state)
{
	struct freehint_publisher pub;

	fresh_region(&side_1_2);
	assert_int_equal(side_1_2.attach_guest(&pub, shm, SIZE), 0);
	assert_int_equal(pub.version, 2);
	/* The guest moves to a host that was not updated yet. */
	assert_int_equal(side_1_1.write_host_hello(shm, SIZE, INSTANCE + 1), 0);
	assert_int_equal(side_1_2.attach_guest(&pub, shm, SIZE), 0);
	assert_int_equal(pub.version, 1);
}

RUN_TESTS(NULL, NULL,
		TEST(every_host_meets_every_guest_and_every_reader),
		TEST(the_older_side_is_named),
		TEST(a_guest_without_a_common_version_writes_nothing),
		TEST(a_host_that_was_replaced_is_looked_at_anew),
)
