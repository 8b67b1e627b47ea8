// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a fuzz target over files without libFuzzer: main() for compilers that have
 * no fuzzer runtime. Takes files and directories of files.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned long runs;

static int replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	u8 *data = malloc(size ? size : 1);
	size_t got = 0;

	if (file && data)
		got = fread(data, 1, size, file);
	if (file)
		fclose(file);
	if (!file || !data || got != size) {
		fprintf(stderr, "%s: %zu of %zu bytes could be read\n", path, got, size);
		free(data);
		return 1;
	}
	/* A crash shall be told which file it was. */
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	runs++;
	return 0;
}

static int replay(const char *path);

static int replay_directory(const char *path)
{
	char name[PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(path);
	int status = 0;

	if (!dir) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		status |= replay(name);
	}
	closedir(dir);
	return status;
}

static int replay(const char *path)
{
	struct stat st;

	if (stat(path, &st)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	return S_ISDIR(st.st_mode) ? replay_directory(path) :
				     replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	int i, status = 0;

	for (i = 1; i < argc; i++)
		status |= replay(argv[i]);
	printf("%lu inputs\n", runs);
	return status || !runs;
}
