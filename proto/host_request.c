// SPDX-License-Identifier: GPL-2.0
/*
 * The host's writer: its hello and its request line.
 *
 * The round is cleared before the other fields change, and written last. So a guest
 * that reads the same round before and after the other fields has the pass that belongs
 * to it.
 */
#include "host_request.h"
#include "host_snapshot.h"
#include "shm_order.h"

int freehint_write_host_hello(struct freehint_shm *shm, u64 size, u64 instance)
{
	struct freehint_host_hello *hello = &shm->host_hello;
	u64 capacity = freehint_region_capacity(size);

	if (!capacity || !instance)
		return -EINVAL;
	freehint_write_request(shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_OFF, 0);
	shm_store(&shm->give_back_request.session, FREEHINT_NO_SESSION);
	shm_store(&shm->give_back_answer.answer, 0ULL);
	shm_store(&hello->version_min, (u16)FREEHINT_VERSION_MIN);
	shm_store(&hello->version, (u16)FREEHINT_VERSION);
	shm_store(&hello->header_size, (u32)FREEHINT_HEADER_SIZE);
	shm_store(&hello->region_size, size);
	shm_store(&hello->bitmap_offset, (u64)FREEHINT_HEADER_SIZE);
	shm_store(&hello->capacity, capacity);
	shm_store_release(&hello->instance, instance);
	shm_store_release(&hello->magic, FREEHINT_MAGIC);
	return 0;
}

bool freehint_is_host_hello(const struct freehint_shm *shm, u64 instance)
{
	return shm_load(&shm->host_hello.magic) == FREEHINT_MAGIC &&
	       shm_load(&shm->host_hello.instance) == instance;
}

void freehint_clear_host_hello(struct freehint_shm *shm)
{
	freehint_write_request(shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_OFF, 0);
	shm_store(&shm->give_back_request.session, FREEHINT_NO_SESSION);
	shm_store(&shm->host_hello.magic, 0ULL);
}

void freehint_write_request(struct freehint_shm *shm, u64 round, u32 phase, u32 pass)
{
	struct freehint_host_request *req = &shm->host_request;

	shm_store(&req->round, FREEHINT_NO_ROUND);
	shm_store_fence();
	shm_store(&req->phase, phase);
	shm_store(&req->pass, pass);
	shm_store_release(&req->round, round);
}

void freehint_write_kicks(struct freehint_shm *shm, u32 kicks)
{
	shm_store(&shm->host_request.kicks, kicks);
}
