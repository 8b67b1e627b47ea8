// SPDX-License-Identifier: GPL-2.0
/*
 * freehint doctor: check every QEMU that is installed. Distributions install QEMU in
 * different places, and a machine can have several.
 */
#define _GNU_SOURCE
#include "check_qemu.h"

#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../terminal/findings.h"

#define MAX_QEMUS	16

/* Directories of QEMU that may not be in PATH, and its names for the guests that are supported. */
#define ELSEWHERE	"/usr/local/bin:/usr/bin:/usr/libexec"

static const char *const names[] = {
	"qemu-system-x86_64*", "qemu-system-aarch64*", "qemu-kvm", "kvm",
};

#define NAMES		ARRAY_SIZE(names)

/**
 * struct found - the programs that were found
 * @path:  paths
 * @id:    device and inode, to recognise a program with two names
 * @count: number of programs
 */
struct found {
	char path[MAX_QEMUS][PATH_MAX];
	struct stat id[MAX_QEMUS];
	unsigned int count;
};

static bool is_known(const struct found *found, const struct stat *st)
{
	unsigned int i;

	for (i = 0; i < found->count; i++)
		if (found->id[i].st_dev == st->st_dev && found->id[i].st_ino == st->st_ino)
			return true;
	return false;
}

static void add(struct found *found, const char *path)
{
	struct stat *st = &found->id[found->count];

	if (found->count == MAX_QEMUS || stat(path, st) || !S_ISREG(st->st_mode) ||
	    access(path, X_OK) || is_known(found, st))
		return;
	snprintf(found->path[found->count++], PATH_MAX, "%s", path);
}

static void search_directory(struct found *found, const char *directory, int len, const char *name)
{
	char pattern[PATH_MAX];
	glob_t paths;
	size_t i;

	if (snprintf(pattern, sizeof(pattern), "%.*s/%s", len, directory, name) >=
	    (int)sizeof(pattern) || glob(pattern, 0, NULL, &paths))
		return;
	for (i = 0; i < paths.gl_pathc; i++)
		add(found, paths.gl_pathv[i]);
	globfree(&paths);
}

/* Find any of @count names in the directories of a list separated by colons. */
static void search_path(struct found *found, const char *directories, const char *const *name,
			size_t count)
{
	const char *end;
	size_t i;

	for (; directories && *directories; directories = *end ? end + 1 : end) {
		end = strchrnul(directories, ':');
		for (i = 0; end > directories && i < count; i++)
			search_directory(found, directories, (int)(end - directories), name[i]);
	}
}

static void find_named(struct found *found, const char *name)
{
	if (strchr(name, '/'))
		add(found, name);
	else
		search_path(found, getenv("PATH"), &name, 1);
	if (found->count)
		found->count = 1;
	else
		finding_wrong("there is no program %s, give QEMU's with --qemu", name);
}

static void find_all(struct found *found)
{
	search_path(found, getenv("PATH"), names, NAMES);
	search_path(found, ELSEWHERE, names, NAMES);
	if (!found->count)
		finding_wrong("there is no QEMU for x86-64 or arm64 guests in PATH or in " ELSEWHERE
			      ", give its program with --qemu");
}

/* Some distributions start QEMU with a script that has QEMU's name. */
static bool is_script(const char *path)
{
	char head[2] = "";
	FILE *file = fopen(path, "r");

	if (!file)
		return false;
	if (fread(head, 1, sizeof(head), file) != sizeof(head))
		head[0] = '\0';
	fclose(file);
	return head[0] == '#' && head[1] == '!';
}

/* Return: true when this QEMU can be used. */
static bool check_one(const char *path, unsigned int *wrong)
{
	unsigned int before = findings_wrong();

	if (is_script(path))
		finding_wrong("%s is a script: give the program that it starts with --qemu", path);
	else
		check_qemu(path);
	*wrong += findings_wrong() - before;
	return findings_wrong() == before;
}

void check_qemus(const char *given)
{
	struct found *found = calloc(1, sizeof(*found));
	unsigned int good = 0, wrong = 0, i;

	if (!found)
		return;
	if (given)
		find_named(found, given);
	else
		find_all(found);
	for (i = 0; i < found->count; i++)
		good += check_one(found->path[i], &wrong);
	if (found->count > 1)
		finding_note("%u of %u QEMUs can be used", good, found->count);
	if (good)
		findings_excuse(wrong);
	free(found);
}
