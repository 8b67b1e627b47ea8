// SPDX-License-Identifier: GPL-2.0
/*
 * freehint dump: decodes the current content of a virtual machine's shared memory. The
 * file is opened read-only and never changed.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../commands.h"
#include "../options/common_options.h"
#include "../region/region_file.h"
#include "../terminal/complain.h"
#include "host-agent/common/bits_to_ranges.h"
#include "include/freehint/shm_names.h"

static const struct argp_option options[] = {
	{ "shm", 's', "PATH", 0, "file behind the ivshmem device", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **shm = state->input;

	switch (key) {
	case 's':
		*shm = arg;
		return 0;
	case ARGP_KEY_ARG:
		return option_no_argument(arg, state);
	case ARGP_KEY_END:
		if (!*shm)
			argp_error(state, "give the file behind the device with --shm");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_number(const char *name, u64 value)
{
	printf("  %-16s %llu\n", name, (unsigned long long)value);
}

/* Return: the instance that the guest has to echo; 0: there is no host. */
static u64 dump_host(const struct freehint_reader *reader)
{
	struct freehint_host_hello hello;
	int ret = freehint_read_host_hello(reader, &hello);

	if (ret == -ENODEV) {
		puts("host: no extension has written here; name the file of QEMU's ivshmem device");
		return 0;
	}
	puts(ret == -EPROTO ? "host: this tool does not support its version, update freehint" :
	     ret ? "host: its sizes contradict the size of the file" : "host");
	print_number("version", hello.version);
	print_number("version-min", hello.version_min);
	print_number("instance", hello.instance);
	print_number("region-size", hello.region_size);
	print_number("capacity", hello.capacity);
	return hello.instance;
}

static u64 dump_request(const struct freehint_reader *reader)
{
	struct freehint_host_request req;

	if (!freehint_read_host_request(reader, &req)) {
		puts("request: the host is writing it");
		return FREEHINT_NO_ROUND;
	}
	printf("request: %s%s\n", freehint_phase_name(req.phase),
	       req.phase > FREEHINT_PHASE_ROUND ? " phase" : "");
	print_number("round", req.round);
	print_number("pass", req.pass);
	return req.round;
}

static void dump_guest(const struct freehint_reader *reader, u64 instance)
{
	struct freehint_guest_hello hello;

	switch (freehint_read_guest_hello(reader, instance, &hello)) {
	case 0:
		printf("guest: free pages are %s\n", freehint_contract_name(hello.contract));
		break;
	case -EPROTO:
		puts("guest: this tool does not support its version, update freehint");
		break;
	case -EINVAL:
		puts("guest: its hello is not valid, update freehint of the guest");
		break;
	default:
		puts("guest: none has published a hello for this host, load freehint.ko there");
		return;
	}
	print_number("version", hello.version);
	print_number("end-pfn", hello.end_pfn);
	print_number("incarnation", hello.incarnation);
	print_number("beats", freehint_read_beats(reader));
	print_number("poll-us", freehint_read_poll_us(reader, &hello));
}

static void add_bits(void *opaque, u64 page, const u64 *words, u64 count)
{
	u64 *bits = opaque;

	(void)page;
	*bits += bits_count(words, count);
}

/* Print the progress and the seal of round @round. */
static void dump_round(const struct freehint_reader *reader, u64 round)
{
	struct freehint_guest_seal seal;
	u64 mark, bits = 0;

	if (freehint_read_progress(reader, round, &mark)) {
		puts("bitmap: the guest has not started the round");
		return;
	}
	if (!region_file_walk(reader, round, mark, add_bits, &bits)) {
		puts("bitmap");
		print_number("watermark", mark);
		print_number("free pages", bits);
	}
	if (freehint_read_seal(reader, round, &seal)) {
		puts("seal: none");
		return;
	}
	puts("seal");
	print_number("status", seal.status);
	print_number("free pages", seal.free_pages);
	print_number("end-pfn", seal.end_pfn);
	print_number("scan, us", seal.scan_us);
	print_number("longest hold, us", seal.hold_us);
	print_number("lock holds", seal.blocks);
}

static enum cli_exit dump(const struct shm_region *region)
{
	struct freehint_reader reader;
	u64 instance, round;

	if (freehint_reader_attach(&reader, region->base, region->size)) {
		complain("%llu bytes are not the size of a region; name the file of the ivshmem device",
			 (unsigned long long)region->size);
		return CLI_NO_ANSWER;
	}
	instance = dump_host(&reader);
	if (!instance)
		return CLI_OK;
	round = dump_request(&reader);
	dump_guest(&reader, instance);
	if (round != FREEHINT_NO_ROUND)
		dump_round(&reader, round);
	return CLI_OK;
}

enum cli_exit cli_dump(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Decodes the shared memory of a virtual machine, as it is now. Not on the "
		       "destination of a running postcopy migration, which it would break.\v"
		       "Exit codes: 0 shown, 1 wrong usage, 4 the memory cannot be read or "
		       "the output not written.",
	};
	struct shm_region region = { 0 };
	const char *path = NULL;
	enum cli_exit code;

	if (argp_parse(&argp, argc, argv, 0, NULL, &path))
		return CLI_USAGE;
	if (region_file_open(&region, path, 0))
		return CLI_NO_ANSWER;
	code = dump(&region);
	if (region_file_lost(&region, path))
		code = CLI_NO_ANSWER;
	shm_region_unmap(&region);
	return code;
}
