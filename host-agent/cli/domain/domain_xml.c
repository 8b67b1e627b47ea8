// SPDX-License-Identifier: GPL-2.0
/*
 * freehint domain-xml: reads the XML of a libvirt domain and prints it with freehint, or
 * without.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../commands.h"
#include "../terminal/complain.h"
#include "../text/whole_input.h"
#include "agent_unit.h"
#include "domain_change.h"
#include "extension_option.h"

/**
 * struct domain_xml_options - the options
 * @change:       what is to be done
 * @builtin:      QEMU has freehint built in
 * @agent:        print the agent's settings instead
 * @or_unchanged: print a domain that is refused as it came
 * @file:         file with the XML, NULL or "-": standard input
 * @domain:       the XML itself, NULL: in @file
 */
struct domain_xml_options {
	struct domain_change change;
	bool builtin;
	bool agent;
	bool or_unchanged;
	const char *file;
	const char *domain;
};

enum { KEY_DOMAIN = 256, KEY_VMI };

static const struct argp_option options[] = {
	{ "remove", 'r', NULL, 0, "take freehint out of the domain", 0 },
	{ "builtin", 'b', NULL, 0, "for a QEMU that has freehint built in", 0 },
	{ "extension", 'e', "PATH", 0, "freehint-qemu.so on the hosts of the domain", 0 },
	{ "agent", 'a', NULL, 0, "print a drop-in for the agent's unit instead: its socket and file", 0 },
	{ "or-unchanged", 'u', NULL, 0, "print a domain that is refused as it came, with exit code 0", 0 },
	{ "domain", KEY_DOMAIN, "XML", 0, "the XML itself, as hook sidecars of KubeVirt get it", 0 },
	{ "vmi", KEY_VMI, "JSON", 0, "not used: hook sidecars of KubeVirt get it", 0 },
	{ 0 },
};

static error_t check(struct domain_xml_options *opt, struct argp_state *state)
{
	if (opt->change.remove && (opt->builtin || opt->change.target.extension || opt->agent))
		argp_error(state, "--remove goes with no other option but --domain");
	if (opt->or_unchanged && (opt->change.remove || opt->agent))
		argp_error(state, "--or-unchanged goes neither with --remove nor with --agent");
	if (opt->file && opt->domain)
		argp_error(state, "give a file or --domain, not both");
	extension_option_settle(&opt->change.target, opt->builtin, state);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct domain_xml_options *opt = state->input;

	switch (key) {
	case 'r':
		opt->change.remove = true;
		return 0;
	case 'b':
		opt->builtin = true;
		return 0;
	case 'e':
		opt->change.target.extension = arg;
		return 0;
	case 'a':
		opt->agent = true;
		return 0;
	case 'u':
		opt->or_unchanged = true;
		return 0;
	case KEY_DOMAIN:
		opt->domain = arg;
		return 0;
	case KEY_VMI:
		return 0;
	case ARGP_KEY_ARG:
		if (opt->file)
			argp_error(state, "%s is a second file", arg);
		opt->file = arg;
		return 0;
	case ARGP_KEY_END:
		return check(opt, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Return: 0 or negative errno. */
static int read_domain(const struct domain_xml_options *opt, char **text, size_t *len)
{
	/* What will be printed again has to be there as a whole. */
	size_t max = opt->or_unchanged ? SIZE_MAX - 1 : XML_TEXT_MAX;
	bool named = opt->file && strcmp(opt->file, "-") != 0;
	int fd = STDIN_FILENO, ret;

	if (opt->domain) {
		*text = strdup(opt->domain);
		*len = strlen(opt->domain);
		return *text ? 0 : -ENOMEM;
	}
	if (named)
		fd = open(opt->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = whole_input(fd, max, text, len);
	if (named)
		close(fd);
	return ret;
}

/* A guest without hints is better than none, to somebody who starts it with what is printed. */
static enum cli_exit print_changed(struct domain_xml_options *opt, const char *text, size_t len)
{
	struct domain_change *change = &opt->change;
	int refused = domain_change(change, text, len);

	if (refused)
		complain("%s", change->error);
	if (refused && !opt->or_unchanged)
		return refused == -ENOMEM ? CLI_NO_ANSWER : CLI_WRONG;
	if (!refused && change->result)
		fwrite(change->result, 1, change->size, stdout);
	else
		fwrite(text, 1, len, stdout);
	free(change->result);
	return CLI_OK;
}

enum cli_exit cli_domain_xml(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[FILE]",
		.doc = "Reads the XML of a libvirt domain, from FILE, or without one or with - from "
		       "standard input, and prints it with what freehint needs: "
		       "shared memory, the extension, a monitor for the agent. All other bytes "
		       "stay as they are. See also freehint enable.\v"
		       "Exit codes: 0 printed, 1 wrong usage, 3 the domain is not understood, or "
		       "with --agent it has no freehint, 4 it cannot be read or written.",
	};
	struct domain_xml_options opt = { 0 };
	enum cli_exit code;
	size_t len = 0;
	char *text = NULL;
	int ret;

	if (argp_parse(&argp, argc, argv, 0, NULL, &opt))
		return CLI_USAGE;
	ret = read_domain(&opt, &text, &len);
	if (ret) {
		complain("cannot read %s: %s", opt.file ? opt.file : "the domain",
			 strerror(-ret));
		return CLI_NO_ANSWER;
	}
	code = opt.agent ? agent_unit_print(text, len) : print_changed(&opt, text, len);
	free(text);
	return code;
}
