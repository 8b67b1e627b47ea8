// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's hello: published once per host instance, and again when a fact in it
 * changes.
 */
#include <linux/device.h>
#include <linux/log2.h>
#include <linux/random.h>

#include "../compat/compat.h"
#include "../give-back/give_back_work.h"
#include "../core/guest_contract.h"
#include "guest_hello.h"
#include "../scan/memory_end.h"
#include "../scan/page_units.h"
#include "../../proto/guest_offer.h"

void guest_hello_init(struct guest_hello *hello, struct device *dev, void *base, u64 size,
		      const struct give_back *give_back)
{
	*hello = (struct guest_hello){
		.dev = dev,
		.base = base,
		.size = size,
		.give_back = give_back,
		.facts.max_order = COMPAT_MAX_ORDER + PAGE_UNITS_SHIFT,
		.facts.incarnation = get_random_u64(),
	};
}

bool guest_hello_is_due(const struct guest_hello *hello, const struct freehint_request *req)
{
	struct guest_contract now = guest_contract_now();

	if (!hello->instance || req->instance != hello->instance)
		return true;
	return now.contract != hello->facts.contract || now.refusal != hello->facts.refusal;
}

static void read_facts(const struct guest_hello *hello, struct freehint_guest_facts *facts)
{
	facts->end_pfn = page_units(memory_end());
	facts->give_back = give_back_status(hello->give_back);
}

/* Return: size in MiB, a power of two, of a region whose bitmap holds @pages. */
static u64 region_mib(u64 pages)
{
	u64 bytes = FREEHINT_HEADER_SIZE + ((pages + 7) >> 3);

	return max(roundup_pow_of_two(bytes) >> 20, 1UL);
}

static void log_hello(const struct guest_hello *hello, const struct freehint_publisher *pub)
{
	const struct freehint_guest_facts *facts = &hello->facts;

	if (facts->contract == FREEHINT_CONTRACT_REFUSED)
		dev_info_ratelimited(hello->dev, "published hello, no page will be reported, %s\n",
				     guest_contract_reason(facts->refusal));
	else
		dev_info_ratelimited(hello->dev, "published hello, contract %s, %llu pages\n",
				     freehint_contract_name(facts->contract), facts->end_pfn);
	if (facts->end_pfn > pub->capacity)
		dev_warn_ratelimited(hello->dev,
				     "bitmap ends at page %llu of %llu, give the ivshmem region %llu MiB\n",
				     pub->capacity, facts->end_pfn,
				     region_mib(facts->end_pfn));
}

static void log_rejected(struct guest_hello *hello, const struct freehint_publisher *pub,
			 u64 instance, int err)
{
	if (hello->said && hello->rejected == instance)
		return;
	hello->said = true;
	hello->rejected = instance;
	if (err == -EPROTO)
		dev_warn_ratelimited(hello->dev,
				     "host supports freehint versions %u to %u, this module %u to %u; update %s\n",
				     pub->host_version_min, pub->host_version,
				     FREEHINT_VERSION_MIN, FREEHINT_VERSION,
				     freehint_older_side(pub));
	else if (!freehint_device_answers(pub))
		dev_warn_ratelimited(hello->dev,
				     "device decodes no memory; if it was switched off, set bit 1 of its PCI command register\n");
	else
		dev_warn_ratelimited(hello->dev,
				     "host's hello is not valid, error %d; check that QEMU runs the freehint extension\n",
				     err);
}

int guest_hello_publish(struct guest_hello *hello, struct freehint_publisher *pub,
		    const struct freehint_request *req)
{
	struct guest_contract now = guest_contract_now();
	int ret = -ENODEV;

	/* An earlier hello was for another host instance, or its facts are stale. */
	hello->instance = 0;
	if (req->instance)
		ret = freehint_publisher_attach(pub, hello->base, hello->size);
	if (ret) {
		log_rejected(hello, pub, req->instance, ret);
		return ret;
	}
	hello->facts.contract = now.contract;
	hello->facts.refusal = now.refusal;
	read_facts(hello, &hello->facts);
	/* For a host that knows us, also from before a suspend, the offer may be our own. */
	if (req->instance != hello->last)
		freehint_clear_offer(pub);
	freehint_publish_hello(pub, req->instance, &hello->facts);
	hello->instance = req->instance;
	hello->last = req->instance;
	hello->said = false;
	log_hello(hello, pub);
	return 0;
}

bool guest_hello_refresh(struct guest_hello *hello, struct freehint_publisher *pub)
{
	struct freehint_guest_facts now = hello->facts;
	bool grown;

	read_facts(hello, &now);
	grown = now.end_pfn != hello->facts.end_pfn;
	if (!grown && now.give_back == hello->facts.give_back)
		return false;
	hello->facts = now;
	freehint_refresh_hello(pub, &hello->facts);
	if (grown)
		log_hello(hello, pub);
	return true;
}

/* If the device decoded no memory at the last poll, nobody knows of a hello, and it may stand. */
static bool may_stand(const struct guest_hello *hello, const struct freehint_publisher *pub)
{
	return hello->instance || (hello->last && freehint_shows_host(pub, hello->last));
}

void guest_hello_withdraw(struct guest_hello *hello, struct freehint_publisher *pub)
{
	if (!may_stand(hello, pub))
		return;
	freehint_withdraw(pub);
	hello->instance = 0;
}
