// SPDX-License-Identifier: GPL-2.0
/*
 * bargarbage [lie]: a hostile guest. Writes random bytes over the whole ivshmem
 * BAR for ever; with "lie" it keeps the host's lines whole, publishes a hello as it
 * should, and claims of every round that all memory is free.
 */
#include "guest_util.h"

#include <fcntl.h>
#include <freehint/shm_layout.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#define IVSHMEM_ID	"0x1af4\n0x1110\n"

static int has_ivshmem_id(const char *resource)
{
	char path[512], text[32] = "";
	const char *names[] = { "vendor", "device" };
	size_t i;

	for (i = 0; i < 2; i++) {
		size_t len = strlen(text);
		FILE *file;

		snprintf(path, sizeof(path), "%.*s/%s",
			 (int)(strrchr(resource, '/') - resource), resource, names[i]);
		file = fopen(path, "r");
		if (!file)
			return 0;
		if (!fgets(text + len, sizeof(text) - len, file))
			text[len] = '\0';
		fclose(file);
	}
	return !strcmp(text, IVSHMEM_ID);
}

/* Where no firmware has done so, the device does not decode its memory yet. */
static void enable(const char *resource)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%.*s/enable",
		 (int)(strrchr(resource, '/') - resource), resource);
	file = fopen(path, "w");
	if (!file || fputs("1\n", file) < 0 || fclose(file))
		err(1, "%s", path);
}

static struct freehint_shm *map_bar(size_t *size)
{
	struct stat st;
	glob_t found;
	void *bar;
	size_t i;
	int fd;

	if (glob("/sys/bus/pci/devices/*/resource2", 0, NULL, &found))
		errx(1, "no PCI device has a BAR 2");
	for (i = 0; i < found.gl_pathc; i++)
		if (has_ivshmem_id(found.gl_pathv[i]))
			break;
	if (i == found.gl_pathc)
		errx(1, "no ivshmem device");
	enable(found.gl_pathv[i]);
	fd = open(found.gl_pathv[i], O_RDWR);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", found.gl_pathv[i]);
	*size = st.st_size;
	bar = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bar == MAP_FAILED)
		err(1, "mmap %s", found.gl_pathv[i]);
	return bar;
}

static _Noreturn void write_garbage(struct freehint_shm *shm, size_t size)
{
	volatile uint64_t *words = (volatile uint64_t *)shm;
	uint64_t state = random_seed();
	size_t i;

	for (;;)
		for (i = 0; i < size / 8; i++)
			words[i] = next_random(&state);
}

static void publish_hello(volatile struct freehint_shm *shm, uint64_t *state)
{
	shm->guest_hello.version = FREEHINT_VERSION;
	shm->guest_hello.page_shift = FREEHINT_PAGE_SHIFT;
	shm->guest_hello.contract = FREEHINT_CONTRACT_DEAD;
	shm->guest_hello.refusal = FREEHINT_REFUSAL_NONE;
	shm->guest_hello.max_order = 10;
	shm->guest_hello.end_pfn = shm->host_hello.capacity;
	shm->guest_hello.incarnation = next_random(state);
	shm->guest_hello.instance = shm->host_hello.instance;
}

/* Numbers that lie just inside, just outside and far outside the bounds. */
static uint64_t draw_mark(uint64_t capacity, uint64_t *state)
{
	switch (next_random(state) % 4) {
	case 0:
		return capacity;
	case 1:
		return capacity + 64;
	case 2:
		return next_random(state) % (capacity + 1) & ~63ULL;
	default:
		return next_random(state);
	}
}

static void write_lies(volatile struct freehint_shm *shm, size_t size)
{
	volatile uint64_t *bitmap = (volatile uint64_t *)shm + FREEHINT_HEADER_SIZE / 8;
	uint64_t state = random_seed();
	size_t i;

	for (;;) {
		uint64_t capacity = shm->host_hello.capacity;
		uint64_t round = shm->host_request.round;

		publish_hello(shm, &state);
		shm->guest_beat.beats++;
		shm->guest_progress.round = round;
		for (i = 0; i < (size - FREEHINT_HEADER_SIZE) / 8; i++)
			bitmap[i] = next_random(&state) % 8 ? ~0ULL : next_random(&state);
		shm->guest_progress.watermark = draw_mark(capacity, &state);
		shm->guest_seal.status = next_random(&state) % 5;
		shm->guest_seal.free_pages = draw_mark(capacity, &state);
		shm->guest_seal.end_pfn = draw_mark(capacity, &state);
		shm->guest_seal.round = round;
	}
}

int main(int argc, char **argv)
{
	size_t size;
	struct freehint_shm *shm = map_bar(&size);

	if (argc > 1 && !strcmp(argv[1], "lie"))
		write_lies(shm, size);
	write_garbage(shm, size);
}
