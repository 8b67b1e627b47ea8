// SPDX-License-Identifier: GPL-2.0
/*
 * Exported symbols of a program: found when they are defined, and a file that is not
 * what it says is refused without a look beyond its end.
 */
/* links: host-agent/cli/emulator/elf_symbols.c */
/* flags: -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-agent/cli/emulator/elf_symbols.h"
#include "tests/unit/unit.h"

#define FLIPS	3000

/* The C library: a file that surely exports something. */
static const char *libc_path(void)
{
	Dl_info info;

	assert_true(dladdr((void *)(uintptr_t)puts, &info));
	return info.dli_fname;
}

static void what_is_exported_is_found(void **state)
{
	struct elf_symbols elf;

	assert_int_equal(elf_symbols_open(&elf, libc_path()), 0);
	assert_true(elf_symbols_has(&elf, "printf"));
	assert_false(elf_symbols_has(&elf, "prin"));
	assert_false(elf_symbols_has(&elf, "freehint_has_no_such_symbol"));
	elf_symbols_close(&elf);
}

/* This test calls puts(), and does not define it. */
static void what_is_only_used_is_not_found(void **state)
{
	struct elf_symbols elf;

	assert_int_equal(elf_symbols_open(&elf, "/proc/self/exe"), 0);
	assert_false(elf_symbols_has(&elf, "dladdr"));
	elf_symbols_close(&elf);
}

static void what_is_no_program_is_refused(void **state)
{
	struct elf_symbols elf;

	assert_int_equal(elf_symbols_open(&elf, "/etc/passwd"), -ENOEXEC);
	assert_int_equal(elf_symbols_open(&elf, "/nowhere"), -ENOENT);
	assert_int_equal(elf_symbols_open(&elf, "/"), -ENOEXEC);
	assert_int_equal(elf_symbols_open(&elf, "/dev/null"), -ENOEXEC);
}

static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *bytes;

	assert_true(fd >= 0 && !fstat(fd, &st));
	*size = (size_t)st.st_size;
	bytes = malloc(*size);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, *size), *size);
	close(fd);
	return bytes;
}

static void try_bytes(const char *path, const char *bytes, size_t size)
{
	struct elf_symbols elf;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	if (elf_symbols_open(&elf, path))
		return;
	elf_symbols_has(&elf, "freehint_has_no_such_symbol");
	elf_symbols_close(&elf);
}

/* Where the numbers are: the head, and the table of sections at the end. */
static size_t draw_place(size_t size)
{
	size_t at = (size_t)random();

	return at & 1 ? at % sizeof(Elf64_Ehdr) : size - 1 - at % (size / 8);
}

static void a_broken_file_is_no_danger(void **state)
{
	char path[] = "/tmp/freehint-elf-XXXXXX";
	int fd = mkstemp(path), i;
	char *bytes, was;
	size_t size, at;

	assert_true(fd >= 0);
	close(fd);
	bytes = read_file("/bin/true", &size);
	for (i = 0; i < FLIPS; i++) {
		at = draw_place(size);
		was = bytes[at];
		bytes[at] = (char)random();
		try_bytes(path, bytes, i % 8 ? size : size - (size_t)random() % size);
		bytes[at] = was;
	}
	free(bytes);
	unlink(path);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(what_is_exported_is_found),
		cmocka_unit_test(what_is_only_used_is_not_found),
		cmocka_unit_test(what_is_no_program_is_refused),
		cmocka_unit_test(a_broken_file_is_no_danger),
)
