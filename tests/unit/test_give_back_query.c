// SPDX-License-Identifier: GPL-2.0
/*
 * The resident memory that x-query-freehint reports, where QEMU may read of its own process no
 * more than libvirt's AppArmor profile allows: /proc/PID/status.
 */
/* links: host-agent/qemu-module/entry/give_back_query.c tests/fakes/fake_qobject.c */
/* libs: jansson */
/* flags: -Wl,--wrap=fopen */
#include <errno.h>
#include <sys/mman.h>

#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/entry/give_back_query.h"
#include "host-agent/qemu-module/give-back/give_back_session.h"
#include "host-agent/qemu-module/give-back/offer.h"
#include "tests/fakes/fake_qobject.h"
#include "tests/unit/unit.h"

#define MIB	(1 << 20)

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

struct qemu_abi qemu;
struct offer_counters offer_counters;

/* What stands for /proc/self/status: NULL is this process's own, "" one that is denied. */
static const char *played;

FILE *__wrap_fopen(const char *path, const char *mode)
{
	errno = EACCES;
	if (strcmp(path, "/proc/self/status"))
		return NULL;
	if (!played)
		return __real_fopen(path, mode);
	return *played ? fmemopen((void *)(uintptr_t)played, strlen(played), "r") : NULL;
}

bool bar_is_attached(void)
{
	return true;
}

void give_back_look(struct give_back_view *view)
{
}

const char *give_back_mode_name(enum give_back_mode mode)
{
	return "off";
}

static int64_t resident(void)
{
	json_t *dict = (json_t *)give_back_query(NULL, NULL);
	int64_t bytes = json_integer_value(json_object_get(dict, "resident"));

	json_decref(dict);
	return bytes;
}

static void test_follows_the_process(void **state)
{
	const size_t len = 64 * MIB;
	int64_t before = resident();
	char *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	assert_true(memory != MAP_FAILED);
	assert_true(before > 0);
	/* The kernel counts in batches for each thread. */
	assert_in_range(resident() - before, len - MIB, len + 16 * MIB);
	munmap(memory, len);
}

static void test_takes_the_right_line(void **state)
{
	played = "Name:\tVmRSS: 5 kB\nVmHWM:\t    9000 kB\nVmRSS:\t    1234 kB\nThreads:\t3\n";
	assert_int_equal(resident(), 1234 * 1024);
	played = NULL;
}

/* The kernel counts hugetlb pages apart, wherever its line is. */
static void test_has_hugetlb_pages(void **state)
{
	played = "VmRSS:\t    1000 kB\nRssShmem:\t0 kB\nHugetlbPages:\t    4096 kB\nThreads:\t3\n";
	assert_int_equal(resident(), (1000 + 4096) * 1024);
	played = "HugetlbPages:\t    2048 kB\nVmRSS:\t    1000 kB\n";
	assert_int_equal(resident(), (1000 + 2048) * 1024);
	played = "VmRSS:\t    1000 kB\nHugetlbPages:\t       0 kB\n";
	assert_int_equal(resident(), 1000 * 1024);
	played = NULL;
}

static void test_is_unknown(void **state)
{
	static const char *const status[] = { "", "Name:\tqemu\n", "VmRSS:\tmany kB\n", "VmRSS:" };
	size_t i;

	for (i = 0; i < sizeof(status) / sizeof(status[0]); i++) {
		played = status[i];
		assert_int_equal(resident(), 0);
	}
	played = NULL;
}

static u64 reported(const char *name)
{
	json_t *dict = (json_t *)give_back_query(NULL, NULL);
	u64 n = (u64)json_integer_value(json_object_get(dict, name));

	json_decref(dict);
	return n;
}

static void test_counts_what_was_declined_by_reason(void **state)
{
	offer_counters = (struct offer_counters){
		.declined = 15, .early = 6, .closed = 7,
		.declined_by = {
			[OFFER_DECLINED_OBSTACLE] = 1, [OFFER_DECLINED_RANGE] = 2,
			[OFFER_DECLINED_KEPT] = 3, [OFFER_DECLINED_CUT] = 4,
			[OFFER_DECLINED_FAILED] = 5,
		},
	};
	assert_int_equal(reported("offers-declined"), 15);
	assert_int_equal(reported("declined-obstacle"), 1);
	assert_int_equal(reported("declined-range"), 2);
	assert_int_equal(reported("declined-kept"), 3);
	assert_int_equal(reported("declined-cut"), 4);
	assert_int_equal(reported("declined-failed"), 5);
	assert_int_equal(reported("offers-early"), 6);
	assert_int_equal(reported("offers-closed"), 7);
}

static int setup_all(void **state)
{
	fake_qobject_init();
	return 0;
}

RUN_TESTS(setup_all, NULL, cmocka_unit_test(test_follows_the_process),
	  cmocka_unit_test(test_takes_the_right_line), cmocka_unit_test(test_is_unknown),
	  cmocka_unit_test(test_has_hugetlb_pages),
	  cmocka_unit_test(test_counts_what_was_declined_by_reason))
