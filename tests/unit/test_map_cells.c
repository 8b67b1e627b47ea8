// SPDX-License-Identifier: GPL-2.0
/*
 * Memory in cells: answers that make sense and others, also in parts, classes that add up to
 * the RAM whatever guest and QEMU say, and the pictures of them.
 */
/* links: host-agent/cli/map/map_cells.c host-agent/cli/map/map_terminal.c */
/* links: host-agent/cli/map/map_svg.c host-agent/cli/map/map_png.c */
/* links: host-agent/cli/region/region_file.c host-agent/common/shm_region.c */
/* links: host-agent/common/log.c proto/host_snapshot.c proto/guest_publish.c */
/* links: host-agent/common/printable.c host-agent/cli/terminal/printable_line.c */
/* links: host-agent/cli/terminal/complain.c */
/* links: host-agent/cli/terminal/progress.c host-agent/cli/terminal/terminal.c */
/* links: proto/host_request.c */
/* links: proto/host_offer.c */
/* libs: jansson libpng */
#include <unistd.h>
#include <png.h>

#include "host-agent/cli/map/map_cells.h"
#include "host-agent/cli/map/map_draw.h"
#include "proto/guest_publish.h"
#include "proto/host_request.h"
#include "tests/unit/unit.h"

#define SHM_SIZE	(64ULL << 10)
#define ROUND		77
#define INSTANCE	5

static struct map_cells cells;

static int parse(const char *text)
{
	json_t *answer = json_loads(text, 0, NULL);
	int ret;

	assert_non_null(answer);
	ret = map_cells_parse(&cells, answer);
	json_decref(answer);
	return ret;
}

/* Four cells of 64 pages: in use, kept, a hole, and one of everything. */
static void prepare(void)
{
	assert_int_equal(parse("{\"pages\": 256, \"pages-per-cell\": 64,"
			       " \"ram\": [64, 64, 0, 60], \"hinted\": [0, 64, 0, 30]}"), 0);
	cells.unused[1] = 64;
	cells.unused[3] = 10;
}

static void answers_that_make_no_sense_are_refused(void **state)
{
	static const char *const wrong[] = {
		"[]", "{}", "{\"pages\": 64, \"pages-per-cell\": 64}",
		"{\"pages\": 64, \"pages-per-cell\": 64, \"ram\": [], \"hinted\": []}",
		"{\"pages\": 64, \"pages-per-cell\": 0, \"ram\": [1], \"hinted\": [1]}",
		"{\"pages\": 64, \"pages-per-cell\": 63, \"ram\": [1], \"hinted\": [1]}",
		"{\"pages\": 128, \"pages-per-cell\": 64, \"ram\": [1], \"hinted\": [1]}",
		"{\"pages\": 64, \"pages-per-cell\": 64, \"ram\": [65], \"hinted\": [1]}",
		"{\"pages\": 64, \"pages-per-cell\": 64, \"ram\": [1], \"hinted\": [-1]}",
		"{\"pages\": 64, \"pages-per-cell\": 64, \"ram\": [1], \"hinted\": [1, 1]}",
		"{\"pages\": 9223372036854775807, \"pages-per-cell\": 9223372036854775744,"
		" \"ram\": [1, 1], \"hinted\": [1, 1]}",
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (parse(wrong[i]) != -EPROTO)
			fail_msg("taken: %s", wrong[i]);
}

static void classes_add_up_to_the_ram(void **state)
{
	enum page_class class;
	u64 sum;
	u32 i;

	prepare();
	assert_int_equal(map_cells_class(&cells, 3, PAGE_KEPT), 10);
	assert_int_equal(map_cells_class(&cells, 3, PAGE_AGAIN), 20);
	assert_int_equal(map_cells_class(&cells, 3, PAGE_SENT), 30);
	/* A guest that claims more than there is. */
	cells.unused[0] = ~0ULL;
	for (i = 0; i < cells.count; i++) {
		for (class = 0, sum = 0; class < PAGE_CLASS_COUNT; class++)
			sum += map_cells_class(&cells, i, class);
		assert_int_equal(sum, cells.ram[i]);
	}
}

static int add_given(u64 *from, const char *text)
{
	json_t *answer = json_loads(text, 0, NULL);
	int ret;

	assert_non_null(answer);
	ret = map_cells_add_given(&cells, answer, from);
	json_decref(answer);
	return ret;
}

#define SIZE	"\"pages\": 256, \"pages-per-cell\": 128"
#define FIRST	"{" SIZE ", \"next\": 100, \"ram\": [100], \"given-back\": [80]," \
		" \"absent\": [50]}"

static u64 begin_given(void)
{
	u64 from = 0;

	memset(&cells, 0, sizeof(cells));
	assert_int_equal(add_given(&from, FIRST), 0);
	assert_int_equal(from, 100);
	return from;
}

/* Two cells in three parts, the second of which touches both cells. */
static void parts_of_what_was_given_back_add_up(void **state)
{
	char *text = NULL;
	enum page_class class;
	u64 from = begin_given();
	size_t size;
	FILE *to;

	assert_int_equal(add_given(&from, "{" SIZE ", \"next\": 130, \"ram\": [28, 2],"
				   " \"given-back\": [8, 2], \"absent\": [0, 2]}"), 0);
	assert_int_equal(add_given(&from, "{" SIZE ", \"next\": 256, \"ram\": [126],"
				   " \"given-back\": [126], \"absent\": [126]}"), 0);
	assert_int_equal(from, cells.pages);
	assert_int_equal(map_cells_class(&cells, 0, PAGE_NEVER), 40);
	assert_int_equal(map_cells_class(&cells, 0, PAGE_TAKEN), 38);
	assert_int_equal(map_cells_class(&cells, 0, PAGE_GIVEN), 50);
	assert_int_equal(map_cells_main(&cells, 0), PAGE_GIVEN);
	assert_int_equal(map_cells_total(&cells, PAGE_GIVEN), 178);
	for (class = 0; class < PAGE_NEVER; class++)
		assert_int_equal(map_cells_total(&cells, class), 0);
	to = open_memstream(&text, &size);
	map_terminal(&cells, to, 80, false);
	fclose(to);
	assert_non_null(strstr(text, "0.00 GiB ..\n"));
	assert_non_null(strstr(text, "given back to the host"));
	assert_null(strstr(text, "hinted"));
	free(text);
}

static void wrong_parts_of_what_was_given_back_are_refused(void **state)
{
	static const char *const wrong[] = {
		"{}", FIRST,
		"{" SIZE ", \"ram\": [1, 1], \"given-back\": [1, 1], \"absent\": [1, 1]}",
		"{" SIZE ", \"next\": 257, \"ram\": [1, 1], \"given-back\": [1, 1],"
		" \"absent\": [1, 1]}",
		"{" SIZE ", \"next\": 256, \"ram\": [29, 1], \"given-back\": [1, 1],"
		" \"absent\": [1, 1]}",
		"{" SIZE ", \"next\": 256, \"ram\": [1], \"given-back\": [1, 1],"
		" \"absent\": [1, 1]}",
		"{" SIZE ", \"next\": 256, \"ram\": [1, 1], \"given-back\": [1, 1],"
		" \"absent\": [1, -1]}",
	};
	size_t i;
	u64 from;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		from = begin_given();
		if (add_given(&from, wrong[i]) != -EPROTO)
			fail_msg("taken: %s", wrong[i]);
	}
	from = begin_given();
	assert_int_equal(add_given(&from, "{\"pages\": 320, \"pages-per-cell\": 128,"
				   " \"next\": 128, \"ram\": [1], \"given-back\": [1],"
				   " \"absent\": [1]}"), -EAGAIN);
}

static void the_main_class_has_a_shade(void **state)
{
	prepare();
	assert_int_equal(map_cells_main(&cells, 0), PAGE_SENT);
	assert_int_equal(map_cells_shade(&cells, 0), 4);
	assert_int_equal(map_cells_main(&cells, 1), PAGE_KEPT);
	assert_int_equal(map_cells_main(&cells, 2), PAGE_CLASS_COUNT);
	assert_int_equal(map_cells_shade(&cells, 2), 1);
	assert_int_equal(map_cells_shade(&cells, 3), 2);
}

static void what_the_guest_published_is_added_up(void **state)
{
	const struct freehint_guest_facts facts = { .contract = FREEHINT_CONTRACT_DEAD };
	const struct freehint_seal_facts complete = { .status = FREEHINT_SEAL_COMPLETE };
	const u64 words[] = { 0xff, ~0ULL, 0, 1 };
	void *shm = aligned_alloc(4096, SHM_SIZE);
	struct freehint_reader reader;
	struct freehint_publisher pub;

	assert_non_null(shm);
	memset(shm, 0, SHM_SIZE);
	assert_int_equal(freehint_write_host_hello(shm, SHM_SIZE, INSTANCE), 0);
	assert_int_equal(freehint_publisher_attach(&pub, shm, SHM_SIZE), 0);
	freehint_publish_hello(&pub, INSTANCE, &facts);
	freehint_open_round(&pub, ROUND);
	freehint_put_words(&pub, words, 4);
	assert_int_equal(freehint_reader_attach(&reader, shm, SHM_SIZE), 0);
	prepare();
	memset(cells.unused, 0, sizeof(cells.unused));
	assert_int_equal(map_cells_add_free(&cells, &reader, ROUND + 1), -ENODATA);
	assert_int_equal(map_cells_add_free(&cells, &reader, 0), -ENODATA);
	assert_int_equal(cells.unused[0], 0);
	freehint_advance(&pub);
	assert_int_equal(map_cells_add_free(&cells, &reader, ROUND), -ENODATA);
	assert_int_equal(cells.unused[0], 0);
	freehint_seal_round(&pub, &complete);
	assert_int_equal(map_cells_add_free(&cells, &reader, ROUND), 0);
	assert_int_equal(cells.unused[0], 8);
	assert_int_equal(cells.unused[1], 64);
	assert_int_equal(cells.unused[3], 1);
	free(shm);
}

/* A guest that was stopped in the middle of its last report. */
static void without_a_report_hinted_pages_are_free(void **state)
{
	prepare();
	memset(cells.unused, 0, sizeof(cells.unused));
	map_cells_assume_free(&cells);
	assert_int_equal(map_cells_total(&cells, PAGE_KEPT), 94);
	assert_int_equal(map_cells_total(&cells, PAGE_AGAIN), 0);
	assert_int_equal(map_cells_total(&cells, PAGE_FREE), 0);
	assert_int_equal(map_cells_total(&cells, PAGE_SENT), 94);
}

static void terminal_shows_a_character_for_each_cell(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	prepare();
	map_terminal(&cells, to, 80, false);
	fclose(to);
	assert_non_null(strstr(text, "0.00 GiB #. #\n"));
	assert_null(strchr(text, '\033'));
	free(text);
	to = open_memstream(&text, &size);
	map_terminal(&cells, to, 1, true);
	fclose(to);
	assert_non_null(strstr(text, "\033[48;5;160m"));
	assert_non_null(strstr(text, "kept off the wire"));
	free(text);
}

static void pictures_are_written(void **state)
{
	char path[] = "/tmp/freehint-map-XXXXXX";
	png_image image = { .version = PNG_IMAGE_VERSION };
	char head[8] = "";
	FILE *file;

	close(mkstemp(path));
	prepare();
	assert_int_equal(map_png(&cells, path), 0);
	assert_true(png_image_begin_read_from_file(&image, path));
	assert_int_equal(image.width, 64 * 12);
	assert_int_equal(image.height, 12);
	png_image_free(&image);
	assert_int_equal(map_svg(&cells, path), 0);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(head, 5, file));
	fclose(file);
	assert_string_equal(head, "<svg");
	unlink(path);
	assert_true(map_png(&cells, "/nonexistent/a.png") < 0);
	assert_int_equal(map_svg(&cells, "/nonexistent/a.svg"), -ENOENT);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(answers_that_make_no_sense_are_refused),
		cmocka_unit_test(classes_add_up_to_the_ram),
		cmocka_unit_test(parts_of_what_was_given_back_add_up),
		cmocka_unit_test(wrong_parts_of_what_was_given_back_are_refused),
		cmocka_unit_test(the_main_class_has_a_shade),
		cmocka_unit_test(what_the_guest_published_is_added_up),
		cmocka_unit_test(without_a_report_hinted_pages_are_free),
		cmocka_unit_test(terminal_shows_a_character_for_each_cell),
		cmocka_unit_test(pictures_are_written),
)
