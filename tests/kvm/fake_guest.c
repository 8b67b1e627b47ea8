// SPDX-License-Identifier: GPL-2.0
/*
 * The guest module's voice without a guest: publishes a hello, publishes one range as
 * free, and reads what a region holds, each in one short-lived process.
 *
 * It writes the file behind the ivshmem device with the code of the real module
 * (proto/guest_publish.c), so that the extension has somebody to talk to while the
 * virtual machine runs a few bytes of assembly.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/freehint/limits.h"
#include "proto/guest_offer.h"
#include "proto/guest_publish.h"
#include "proto/host_snapshot.h"

static const char usage_text[] =
	"usage: fake_guest FILE hello [dead|zero|refused]\n"
	"       fake_guest FILE publish ROUND START END LIMIT [STEP]\n"
	"       fake_guest FILE scatter ROUND LOW HIGH LIMIT\n"
	"       fake_guest FILE withdraw\n"
	"       fake_guest FILE request\n"
	"       fake_guest FILE offer SEQUENCE PFN ORDER COUNT\n"
	"       fake_guest FILE take-back SEQUENCE\n"
	"       fake_guest FILE answer SEQUENCE\n"
	"       fake_guest FILE drained\n"
	"\n"
	"hello     introduces itself to the instance whose hello stands in FILE\n"
	"publish   pages [START, END) of [0, LIMIT) are free, with STEP one in STEP of\n"
	"          them; seals the round\n"
	"scatter   every second page of [0, LOW) and [HIGH, LIMIT) is free; seals\n"
	"withdraw  takes the hello back\n"
	"request   prints 'round phase pass' as the host wrote it\n"
	"offer     COUNT blocks of 2^ORDER pages from PFN on may be discarded\n"
	"take-back takes an offer back; prints the host's answer\n"
	"answer    prints the host's answer to an offer: none, taken, done, declined\n"
	"drained   has nothing more to offer\n";

struct mapping {
	void *base;
	u64 size;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "fake_guest: %s: %s\n", what, strerror(err));
	exit(1);
}

static u64 number(const char *text)
{
	char *end;
	u64 n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		die(text, EINVAL);
	return n;
}

static struct mapping map_file(const char *path)
{
	struct mapping map;
	struct stat st;
	int fd;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die(path, errno);
	map.size = st.st_size;
	map.base = mmap(NULL, map.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map.base == MAP_FAILED)
		die(path, errno);
	close(fd);
	return map;
}

static struct freehint_publisher attach(const struct mapping *map)
{
	struct freehint_publisher pub;
	int ret = freehint_publisher_attach(&pub, map->base, map->size);

	if (ret)
		die("this region is not ours", -ret);
	return pub;
}

static u16 contract_number(const char *name)
{
	static const char *const names[] = {
		[FREEHINT_CONTRACT_DEAD] = "dead",
		[FREEHINT_CONTRACT_ZERO] = "zero",
		[FREEHINT_CONTRACT_REFUSED] = "refused",
	};
	u16 i;

	for (i = FREEHINT_CONTRACT_DEAD; i <= FREEHINT_CONTRACT_REFUSED; i++)
		if (!strcmp(names[i], name))
			return i;
	die(name, EINVAL);
	return 0;
}

static int hello(const struct mapping *map, const char *contract)
{
	struct freehint_publisher pub = attach(map);
	struct freehint_guest_facts facts = {
		.contract = contract_number(contract),
		.max_order = 10,
		.end_pfn = pub.capacity,
		.incarnation = getpid(),
		.give_back = FREEHINT_GIVE_BACK_POSSIBLE,
	};
	struct freehint_request req;

	if (facts.contract == FREEHINT_CONTRACT_REFUSED)
		facts.refusal = FREEHINT_REFUSAL_POISON;
	while (!freehint_read_request(&pub, &req))
		usleep(100);
	freehint_publish_hello(&pub, req.instance, &facts);
	freehint_beat(&pub, 1, FREEHINT_POLL_FAST_US);
	return 0;
}

/* One word at a time is slow and simple; the region has a few thousand. */
static void put_free(struct freehint_publisher *pub, u64 start, u64 end, u64 step)
{
	u64 word, bit;

	freehint_put_used(pub, start);
	while (pub->mark < end && pub->mark < pub->capacity) {
		word = 0;
		for (bit = 0; bit < FREEHINT_WORD_BITS; bit++)
			if (pub->mark + bit >= start && pub->mark + bit < end &&
			    (pub->mark + bit - start) % step == 0)
				word |= 1ULL << bit;
		freehint_put_words(pub, &word, 1);
	}
}

static int publish(const struct mapping *map, u64 round, u64 start, u64 end, u64 limit,
		   u64 step)
{
	const struct freehint_seal_facts facts = {
		.status = FREEHINT_SEAL_COMPLETE, .blocks = 1,
	};
	struct freehint_publisher pub = attach(map);

	if (start >= end || end > limit || limit > pub.capacity || !step)
		die("START < END <= LIMIT <= capacity, STEP > 0 is wanted", EINVAL);
	freehint_open_round(&pub, round);
	put_free(&pub, start, end, step);
	freehint_put_used(&pub, limit);
	freehint_seal_round(&pub, &facts);
	return 0;
}

/* The bitmap that costs its readers most. */
static void put_scattered(struct freehint_publisher *pub, u64 end)
{
	u64 word = 0x5555555555555555ULL;

	while (pub->mark < end) {
		freehint_put_words(pub, &word, 1);
		freehint_advance(pub);
	}
}

static int scatter(const struct mapping *map, u64 round, u64 low, u64 high, u64 limit)
{
	const struct freehint_seal_facts facts = {
		.status = FREEHINT_SEAL_COMPLETE, .blocks = 1,
	};
	struct freehint_publisher pub = attach(map);

	if (low > high || high > limit || limit > pub.capacity)
		die("LOW <= HIGH <= LIMIT <= capacity is wanted", EINVAL);
	freehint_open_round(&pub, round);
	put_scattered(&pub, low);
	freehint_put_used(&pub, high);
	put_scattered(&pub, limit);
	freehint_seal_round(&pub, &facts);
	return 0;
}

static int withdraw(const struct mapping *map)
{
	struct freehint_publisher pub = attach(map);

	freehint_withdraw(&pub);
	return 0;
}

static int request(const struct mapping *map)
{
	struct freehint_publisher pub = attach(map);
	struct freehint_request req;

	while (!freehint_read_request(&pub, &req))
		usleep(100);
	printf("%" PRIu64 " %" PRIu32 " %" PRIu32 "\n", req.round, req.phase, req.pass);
	return 0;
}

/* The session that the host has open. */
static struct freehint_give_back_ask ask(const struct freehint_publisher *pub)
{
	struct freehint_give_back_ask ask;

	while (!freehint_read_give_back_request(pub, &ask))
		usleep(100);
	if (!ask.session)
		die("the host asks for no memory", EAGAIN);
	return ask;
}

static int offer(const struct mapping *map, u64 sequence, u64 pfn, u64 order, u64 count)
{
	struct freehint_publisher pub = attach(map);
	u64 block[FREEHINT_OFFER_BLOCKS], i;

	if (!count || count > FREEHINT_OFFER_BLOCKS)
		die("1 to 128 blocks are wanted", EINVAL);
	for (i = 0; i < count; i++)
		block[i] = freehint_block(pfn + (i << order), (unsigned int)order);
	freehint_publish_offer(&pub, sequence, ask(&pub).session, block,
			       (unsigned int)count);
	return 0;
}

static int answer(const struct mapping *map, u64 sequence, bool take_back)
{
	static const char *const names[] = { "none", "taken", "done", "declined" };
	struct freehint_publisher pub = attach(map);

	if (take_back)
		puts(names[freehint_withdraw_offer(&pub, sequence)]);
	else
		puts(names[freehint_offer_answer(&pub, sequence)]);
	return 0;
}

static int drained(const struct mapping *map)
{
	struct freehint_publisher pub = attach(map);
	struct freehint_give_back_state state = { .drained = 1 };

	state.session = ask(&pub).session;
	freehint_publish_give_back(&pub, &state);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	struct mapping map;

	if (argc > 2)
		map = map_file(argv[1]);
	if (!strcmp(what, "hello") && argc <= 4)
		return hello(&map, argc == 4 ? argv[3] : "dead");
	if (!strcmp(what, "publish") && (argc == 7 || argc == 8))
		return publish(&map, number(argv[3]), number(argv[4]), number(argv[5]),
			       number(argv[6]), argc == 8 ? number(argv[7]) : 1);
	if (!strcmp(what, "scatter") && argc == 7)
		return scatter(&map, number(argv[3]), number(argv[4]), number(argv[5]),
			       number(argv[6]));
	if (!strcmp(what, "withdraw") && argc == 3)
		return withdraw(&map);
	if (!strcmp(what, "request") && argc == 3)
		return request(&map);
	if (!strcmp(what, "offer") && argc == 7)
		return offer(&map, number(argv[3]), number(argv[4]), number(argv[5]),
			     number(argv[6]));
	if ((!strcmp(what, "answer") || !strcmp(what, "take-back")) && argc == 4)
		return answer(&map, number(argv[3]), !strcmp(what, "take-back"));
	if (!strcmp(what, "drained") && argc == 3)
		return drained(&map);
	fputs(usage_text, stderr);
	return 2;
}
