/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's side of giving memory back: reads what the host wants, offers free blocks,
 * and takes them back. Compiled into the kernel module and the tests.
 */
#ifndef FREEHINT_GUEST_OFFER_H
#define FREEHINT_GUEST_OFFER_H

#include "guest_publish.h"

/**
 * struct freehint_give_back_ask - a consistent copy of the host's give-back request
 * @instance: the host's current instance
 * @session:  current session or FREEHINT_NO_SESSION
 * @order:    smallest order worth an offer, 1 to FREEHINT_BLOCK_MAX_ORDER
 * @leave:    free memory that the guest keeps, pages
 */
struct freehint_give_back_ask {
	u64 instance;
	u64 session;
	u32 order;
	u64 leave;
};

/** freehint_block() - Return: the word for a block in an offer */
static inline u64 freehint_block(u64 pfn, unsigned int order)
{
	return pfn | (u64)order << FREEHINT_BLOCK_ORDER_SHIFT;
}

/**
 * freehint_read_give_back_request() - copy the host's give-back request
 * @pub:     attached publisher
 * @ask: filled; no session for a host before FREEHINT_VERSION_GIVE_BACK, and none
 *           where @order of the request is out of range
 *
 * Return: true if the copy is consistent; false if the host wrote the line meanwhile, or the
 * device decoded no memory.
 */
bool freehint_read_give_back_request(const struct freehint_publisher *pub,
				     struct freehint_give_back_ask *ask);

/** freehint_give_back_is_current() - Return: true while the host has not changed either id */
bool freehint_give_back_is_current(const struct freehint_publisher *pub,
				   const struct freehint_give_back_ask *ask);

/**
 * freehint_host_is_same() - does the host still have the instance of @ask?
 * @pub:     attached publisher
 * @ask: request
 *
 * Return: false if it has another one; true also if the device does not answer.
 */
bool freehint_host_is_same(const struct freehint_publisher *pub,
			   const struct freehint_give_back_ask *ask);

/** freehint_device_answers() - Return: false while the device decodes no memory */
bool freehint_device_answers(const struct freehint_publisher *pub);

/**
 * freehint_clear_offer() - remove the offer of an earlier kernel or module
 * @pub: attached publisher
 *
 * Call it before the hello for a new host instance: a reset, a crash and kexec leave the
 * last offer in the region, and nobody holds its blocks any more.
 */
void freehint_clear_offer(struct freehint_publisher *pub);

/**
 * freehint_publish_offer() - offer blocks to the host
 * @pub:      attached publisher
 * @sequence: never used before by this guest, 1 to FREEHINT_OFFER_MAX
 * @session:  session that asks
 * @block:    words of freehint_block(), of order 1 or more
 * @count:    1 to FREEHINT_OFFER_BLOCKS
 *
 * No other offer is published: freehint_withdraw_offer() has ended the last one. From here
 * on the blocks must stay out of the guest's allocator until freehint_withdraw_offer()
 * returns another answer than TAKEN.
 *
 * Return: false if a store was lost, because the device decoded no memory. Then the offer
 * was not made: the host has not seen it and never will.
 */
bool freehint_publish_offer(struct freehint_publisher *pub, u64 sequence, u64 session,
			    const u64 *block, unsigned int count);

/**
 * freehint_offer_answer() - read the host's answer to an offer
 * @pub:      attached publisher
 * @sequence: offer
 *
 * The host writes the answer to another offer only when it touches no block of this one
 * any more. So NONE after TAKEN means that the offer is over.
 *
 * Return: the answer; FREEHINT_ANSWER_NONE also if the line answers another offer;
 * FREEHINT_ANSWER_TAKEN also for all ones. Only freehint_withdraw_offer() tells a device that
 * decodes no memory from a host that has not answered.
 */
enum freehint_answer freehint_offer_answer(const struct freehint_publisher *pub,
					   u64 sequence);

/**
 * freehint_withdraw_offer() - end an offer
 * @pub:      attached publisher
 * @sequence: published offer
 *
 * Every offer ends with this call, also after DONE and DECLINED: until then the host may
 * take it once more.
 *
 * Return: the host's answer after the withdrawal. FREEHINT_ANSWER_TAKEN: the host was
 * first, or the device does not answer and the withdrawal is lost. The blocks are not the
 * guest's until another call returns something else, or freehint_host_is_same() false. With
 * every other answer they are, and the host cannot take the offer any more.
 */
enum freehint_answer freehint_withdraw_offer(struct freehint_publisher *pub, u64 sequence);

/**
 * freehint_publish_give_back() - publish the counters of a session
 * @pub:   attached publisher
 * @state: session and counters; reserved is not used
 */
void freehint_publish_give_back(struct freehint_publisher *pub,
				const struct freehint_give_back_state *state);

#endif /* FREEHINT_GUEST_OFFER_H */
