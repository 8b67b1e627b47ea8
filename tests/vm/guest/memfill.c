// SPDX-License-Identifier: GPL-2.0
/*
 * memfill SIZE: write SIZE of random data, then free it by exiting. The guest
 * is left with free pages that are full of old content.
 */
#include "guest_util.h"

#include <sys/wait.h>

static void fill_share(size_t share)
{
	char *mem = map_memory(share, 1);

	fill_random(mem, share);
}

int main(int argc, char **argv)
{
	long workers = sysconf(_SC_NPROCESSORS_ONLN);
	size_t share;
	int failed = 0;
	int status;
	long i;

	if (argc != 2)
		errx(2, "usage: memfill SIZE");
	share = (parse_size(argv[1]) / workers) & ~(PAGE - 1);
	for (i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			fill_share(share);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed ? 1 : 0;
}
