// SPDX-License-Identifier: GPL-2.0
/*
 * The shared region as QEMU sees it: finds the memory backend, writes the host's hello and
 * request, reads what the guest published.
 *
 * Writes use QEMU's own mapping and are not marked dirty, so nothing that the host writes may
 * matter after a migration. The destination's extension publishes its own hello, with its own
 * instance, when the guest runs there. The guest notices and publishes its hello again.
 *
 * A backing file may have holes, and the file system no room to fill them. Touching such a
 * hole raises SIGBUS, which ends QEMU with its guest. So every page is populated before the
 * extension touches it, or asks the guest to. QEMU maps the memory of a backend with readonly=on
 * without permission to write; such a backend is refused.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../../proto/host_offer.h"
#include "../../../proto/host_request.h"
#include "../../../proto/host_snapshot.h"
#include "bar.h"
#include "peer_wake.h"
#include "qemu_abi.h"
#include "region_lock.h"

/*
 * @object: the backend. @region is its memory and holds a reference to both, so no other
 * object can get the same address. @fd: of its file, which QEMU closes with it, or -1.
 * @claimed: our guest runs, so no other may.
 */
static struct {
	char *memdev;
	Object *object;
	MemoryRegion *region;
	struct freehint_shm *shm;
	struct freehint_reader reader;
	int fd;
	bool claimed;
	u64 size;
	u64 instance;
	u32 kicks;
} bar;

static int random_instance(void)
{
	u64 id;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return -EIO;
	/* Must be a positive JSON integer, never 0. */
	bar.instance = (id & FREEHINT_ROUND_MAX) | 1;
	return 0;
}

int bar_init(const char *memdev)
{
	bar.memdev = strdup(memdev);
	return bar.memdev ? random_instance() : -ENOMEM;
}

/* The id is the administrator's, of any length. */
static const char *with_name(const char *what)
{
	static char text[256];

	snprintf(text, sizeof(text), "memdev '%.40s': %s", bar_memdev(), what);
	return text;
}

static Object *find_object(void)
{
	return qemu.object_resolve_path_component(qemu.object_get_objects_root(), bar.memdev);
}

static MemoryRegion *find_backend(const char **why)
{
	Object *obj = find_object(), *backend;
	MemoryRegion *mr;

	if (!obj) {
		*why = with_name("no memory backend; add -object memory-backend-file,id=ID,"
				 "share=on,... and -device ivshmem-plain,memdev=ID,master=on");
		return NULL;
	}
	backend = qemu.object_dynamic_cast(obj, "memory-backend");
	if (!backend) {
		*why = with_name("not a memory backend; give the id in the ivshmem device's memdev=");
		return NULL;
	}
	mr = qemu.host_memory_backend_get_memory(backend);
	if (!mr)
		*why = with_name("it has no memory; give another backend");
	return mr;
}

/*
 * A kernel before 5.14 returns EINVAL: proceed without the check. It means the same for memory that
 * cannot be written: see is_writable().
 */
static bool populate(void *base, u64 len)
{
	return !madvise(base, len, MADV_POPULATE_WRITE) || errno == EINVAL;
}

/*
 * Has the kernel store a byte that nobody reads. A store of ours would end QEMU where the mapping
 * is read-only. Where the kernel may not do this for us (seccomp), proceed without the check.
 */
static bool is_writable(struct freehint_shm *shm)
{
	u8 zero = 0;
	struct iovec from = { &zero, sizeof(zero) }, to = { shm->reserved, sizeof(zero) };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == sizeof(zero) || errno != EFAULT;
}

bool bar_populate(const char **why)
{
	if (populate(bar.shm, bar.size))
		return true;
	*why = with_name("the file system has no room for the whole shared memory, and a write to the "
			 "rest would end QEMU; make room, or use a smaller backend");
	return false;
}

bool bar_attach(const char **why)
{
	MemoryRegion *mr;
	void *base;
	u64 size;

	if (bar.shm)
		return true;
	mr = find_backend(why);
	if (!mr)
		return false;
	base = qemu.memory_region_get_ram_ptr(mr);
	size = qemu.memory_region_size(mr);
	if (freehint_reader_attach(&bar.reader, base, size)) {
		*why = with_name("smaller than 8 KiB; give it size=1M or more");
		return false;
	}
	if (!populate(base, FREEHINT_HEADER_SIZE)) {
		*why = with_name("the file system has no room for the shared memory; make room");
		return false;
	}
	if (!is_writable(base)) {
		*why = with_name("read-only, or in a full file system; give it readonly=off, or make room");
		return false;
	}
	/* Pins the backend: unplugging the device must not leave a dangling pointer. */
	qemu.memory_region_ref(mr);
	bar.object = find_object();
	bar.region = mr;
	bar.fd = qemu.memory_region_get_fd(mr);
	bar.size = size;
	bar.shm = base;
	return true;
}

bool bar_is_deleted(void)
{
	return bar.shm && find_object() != bar.object;
}

static bool is_shared(void)
{
	return bar.claimed && bar.fd >= 0 && region_lock_is_shared(bar.fd);
}

/* Log it once. The guest cannot cause this, but every start of the guest would repeat it. */
static void report_no_lock(int error)
{
	static bool said;

	if (said)
		return;
	said = true;
	qemu.warn_report("freehint: cannot lock the file of '%s' (%s): it is not noticed if another "
			 "guest uses it; with AppArmor permit k for it", bar.memdev, strerror(error));
}

bool bar_claim(void)
{
	int ret = bar.fd < 0 ? 0 : region_lock_take(bar.fd);

	bar.claimed = true;
	if (ret)
		report_no_lock(-ret);
	return !is_shared();
}

void bar_unclaim(void)
{
	if (bar.claimed && bar.fd >= 0)
		region_lock_drop(bar.fd);
	bar.claimed = false;
}

void bar_detach(void)
{
	bar_unclaim();
	bar.shm = NULL;
	bar.size = 0;
	bar.object = NULL;
	qemu.memory_region_unref(bar.region);
	bar.region = NULL;
}

/* Another buffer than with_name(): this reason is kept while a region is looked for. */
const char *bar_missing(void)
{
	static char text[128];

	snprintf(text, sizeof(text), "no shared memory; add memory backend '%.40s' and its ivshmem "
		 "device", bar_memdev());
	return text;
}

bool bar_is_attached(void)
{
	return bar.shm;
}

const char *bar_memdev(void)
{
	return bar.memdev ? bar.memdev : "";
}

struct bar_info bar_info(void)
{
	return (struct bar_info) {
		.size = bar.size,
		.capacity = bar.shm ? bar.reader.capacity : 0,
		.instance = bar.instance,
	};
}

MemoryRegion *bar_region(void)
{
	return bar.region;
}

bool bar_is_mapped(void)
{
	return bar.region && qemu.memory_region_is_mapped(bar.region);
}

bool bar_contains(const void *hva, u64 len)
{
	u64 start = (uintptr_t)hva, own = (uintptr_t)bar.shm;

	return bar.shm && start < own + bar.size && own < start + len;
}

bool bar_has_hello(void)
{
	return freehint_is_host_hello(bar.shm, bar.instance);
}

void bar_clear_hello(void)
{
	freehint_clear_host_hello(bar.shm);
	peer_wake();
}

void bar_publish_hello(void)
{
	freehint_write_host_hello(bar.shm, bar.size, bar.instance);
	peer_wake();
}

void bar_new_instance(void)
{
	/* Without a random number any other value works: it only has to differ. */
	if (random_instance())
		bar.instance = ((bar.instance + 2) & FREEHINT_ROUND_MAX) | 1;
}

void bar_request(u64 round, u32 phase, u32 pass)
{
	if (!bar_has_hello())
		return;
	freehint_write_request(bar.shm, round, phase, pass);
	peer_wake();
}

int bar_read_guest_hello(struct freehint_guest_hello *hello)
{
	if (!bar.shm)
		return -ENOENT;
	if (is_shared())
		return -EBUSY;
	if (!bar_has_hello())
		return -ENOENT;
	return freehint_read_guest_hello(&bar.reader, bar.instance, hello);
}

void bar_kick(void)
{
	freehint_write_kicks(bar.shm, ++bar.kicks);
}

u64 bar_beats(void)
{
	return bar.shm ? freehint_read_beats(&bar.reader) : 0;
}

u32 bar_poll_us(void)
{
	struct freehint_guest_hello hello;

	return bar_read_guest_hello(&hello) ? 0 : freehint_read_poll_us(&bar.reader, &hello);
}

int bar_seal(u64 round, struct freehint_guest_seal *seal)
{
	return freehint_read_seal(&bar.reader, round, seal);
}

void bar_write_give_back_request(u64 session, u32 order, u64 leave)
{
	if (!bar_has_hello())
		return;
	freehint_write_give_back_request(bar.shm, session, order, leave);
	peer_wake();
}

bool bar_offer(u64 sequence, struct freehint_offer *offer)
{
	return !freehint_copy_offer(&bar.reader, offer) && offer->sequence == sequence;
}

u64 bar_offer_end(const struct freehint_offer *offer, u64 pfn)
{
	u64 first, end, farthest = pfn;
	u32 i;

	for (i = 0; i < offer->count; i++) {
		first = freehint_block_pfn(offer->block[i]);
		end = first + freehint_block_pages(offer->block[i]);
		if (first <= pfn && end > farthest)
			farthest = end;
	}
	return farthest;
}

int bar_take_offer(u64 sequence)
{
	return freehint_take_offer(bar.shm, sequence);
}

void bar_answer_offer(u64 sequence, enum freehint_answer answer)
{
	freehint_answer_offer(bar.shm, sequence, answer);
}

int bar_read_give_back_state(u64 session, struct freehint_give_back_state *state)
{
	return freehint_read_give_back_state(&bar.reader, session, state);
}
