// SPDX-License-Identifier: GPL-2.0
/*
 * freehint enable, freehint disable: what domain-xml does, to a domain that libvirt knows.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../commands.h"
#include "../domain/domain_change.h"
#include "../domain/extension_option.h"
#include "../terminal/complain.h"
#include "../terminal/printable_line.h"
#include "domain_needs.h"
#include "libvirt_uri.h"
#include "virsh_domain.h"

/**
 * struct enable - the options, and what is known of the domain
 * @change:  what is to be done
 * @virsh:   libvirt
 * @here:    libvirt's files are this machine's
 * @builtin: QEMU has freehint built in
 * @given:   the domain's name, or its id or UUID
 * @domain:  the domain that this is
 * @option:  its UUID as an argument of virsh
 * @running: it has a QEMU
 * @why:     why its QEMU would not start, or have no hints; "" otherwise
 * @saved:   libvirt keeps the state of its QEMU, and goes on from there at the next start
 */
struct enable {
	struct domain_change change;
	struct virsh virsh;
	bool here;
	bool builtin;
	const char *given;
	struct virsh_domain domain;
	char option[sizeof("--domain=") + VIRSH_UUID];
	bool running;
	char why[1024];
	bool saved;
};

static const struct argp_option common_options[] = {
	{ "connect", 'c', "URI", 0, "libvirt's connection (default: as virsh has it)", 0 },
	{ 0 },
};

static const struct argp_option enable_options[] = {
	{ "connect", 'c', "URI", 0, "libvirt's connection (default: as virsh has it)", 0 },
	{ "builtin", 'b', NULL, 0, "for a QEMU that has freehint built in", 0 },
	{ "extension", 'e', "PATH", 0, "freehint-qemu.so on the hosts of the domain", 0 },
	{ 0 },
};

static error_t check(struct enable *enable, struct argp_state *state)
{
	if (!enable->given)
		argp_error(state, "give the name of a domain");
	extension_option_settle(&enable->change.target, enable->builtin, state);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct enable *enable = state->input;

	switch (key) {
	case 'c':
		enable->virsh.uri = arg;
		return 0;
	case 'b':
		enable->builtin = true;
		return 0;
	case 'e':
		enable->change.target.extension = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (enable->given)
			argp_error(state, "%s is a second domain", arg);
		enable->given = arg;
		return 0;
	case ARGP_KEY_END:
		return check(enable, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Its real name, as soon as it is known: whoever has given an id may have meant a name. */
static const char *name(const struct enable *enable)
{
	return enable->domain.name ? enable->domain.name : enable->given;
}

static enum cli_exit fail(const struct enable *enable, enum cli_exit code, const char *why)
{
	complain_of(name(enable), "%s", why);
	return code;
}

/* A line like "State:          running". A domain may be called like a key. */
static bool says(const char *info, const char *key, const char *value)
{
	size_t len = strlen(key);
	const char *at;

	for (at = info; strncmp(at, key, len) != 0 || at[len] != ':'; at++) {
		at = strchr(at, '\n');
		if (!at)
			return false;
	}
	at += len;
	at += strspn(at, ": ");
	return !strncmp(at, value, strlen(value)) && at[strlen(value)] == '\n';
}

/*
 * A daemon of one user starts no agents, and its QEMUs may not create the agent's monitor: the
 * guest would not start. What is there already can be taken out.
 */
static enum cli_exit connect_to(struct enable *enable)
{
	static const char *const args[] = { "uri", NULL };
	enum cli_exit code = CLI_OK;
	size_t size;
	char *uri;

	if (virsh_run(&enable->virsh, args, NULL, 0, &uri, &size))
		return fail(enable, CLI_NO_ANSWER, enable->virsh.error);
	uri[strcspn(uri, "\n")] = '\0';
	enable->here = libvirt_uri_is_here(uri);
	if (!enable->change.remove && libvirt_uri_is_session(uri)) {
		complain_of(enable->given, "%s is the libvirt of one user: it starts no agents, and its QEMU cannot create " DOMAIN_MONITORS ", so the guest would not start; define the domain in qemu:///system, and give --connect=qemu:///system",
			    uri);
		code = CLI_WRONG;
	}
	free(uri);
	return code;
}

static enum cli_exit find(struct enable *enable)
{
	if (virsh_domain_find(&enable->virsh, enable->given, &enable->domain))
		return fail(enable, CLI_NO_ANSWER, enable->virsh.error);
	snprintf(enable->option, sizeof(enable->option), "--domain=%s", enable->domain.uuid);
	return CLI_OK;
}

/* Defining a transient domain would make it persistent. */
static enum cli_exit look(struct enable *enable)
{
	const char *const args[] = { "dominfo", enable->option, NULL };
	enum cli_exit code = CLI_OK;
	char *info;
	size_t size;

	if (virsh_run(&enable->virsh, args, NULL, 0, &info, &size))
		return fail(enable, CLI_NO_ANSWER, enable->virsh.error);
	enable->running = !says(info, "State", "shut off");
	enable->saved = says(info, "Managed save", "yes");
	if (says(info, "Persistent", "no"))
		code = fail(enable, CLI_WRONG, "the domain is transient: whoever creates it has to add freehint to its XML, see freehint domain-xml");
	free(info);
	return code;
}

static enum cli_exit define(struct enable *enable)
{
	static const char *const args[] = { "define", "/dev/stdin", NULL };
	enum cli_exit code = CLI_OK;
	char *said;
	size_t size;

	if (virsh_run(&enable->virsh, args, enable->change.result, enable->change.size, &said,
		      &size))
		code = fail(enable, CLI_NO_ANSWER, enable->virsh.error);
	free(said);
	return code;
}

/*
 * Whatever is missing ends QEMU at the next start, also where the domain has freehint already. The
 * files and programs of another machine cannot be seen from here.
 */
static enum cli_exit check_needs(struct enable *enable, const char *text, size_t len)
{
	enum cli_exit code = CLI_OK;
	struct domain_needs needs;

	if (enable->change.remove || !enable->here)
		return CLI_OK;
	if (domain_needs_read(&needs, text, len))
		return fail(enable, CLI_NO_ANSWER, "no memory to look at the domain; free some on this host");
	if (!domain_needs_check(&needs, enable->change.target.extension, enable->why,
				sizeof(enable->why)))
		code = fail(enable, CLI_WRONG, enable->why);
	domain_needs_free(&needs);
	return code;
}

static void report(const struct enable *enable, bool changed)
{
	printable_line(stdout, "%s %s freehint%s", name(enable),
		       enable->change.remove ? "is without" : "has", changed ? " now" : " already");
	if (*enable->why)
		printable_line(stdout, "%s", enable->why);
	if (changed && !enable->here && !enable->change.remove)
		puts("nothing of that host was looked at: freehint doctor there says whether its QEMU can be used");
	if (changed && enable->running)
		puts("it runs: this counts when it was shut down and started again, a reboot is not enough");
	if (changed && enable->saved)
		printf("it has a managed save, from before: its next start goes on %s; shut it down after that, or give the saved state up with virsh managedsave-remove\n",
		       enable->change.remove ? "with freehint, which has to stay installed" :
		       "without freehint");
}

static enum cli_exit change(struct enable *enable)
{
	/*
	 * Without --security-info virsh leaves passwords out, and the defined domain would lose
	 * them.
	 */
	const char *const args[] = { "dumpxml", "--inactive", "--security-info", enable->option,
				     NULL };
	enum cli_exit code;
	bool changed;
	char *text;
	size_t len;
	int ret;

	if (virsh_run(&enable->virsh, args, NULL, 0, &text, &len))
		return fail(enable, CLI_NO_ANSWER, enable->virsh.error);
	ret = domain_change(&enable->change, text, len);
	if (ret) {
		free(text);
		/* Only what somebody has to change in the domain is wrong with it. */
		return fail(enable, ret == -ENOMEM ? CLI_NO_ANSWER : CLI_WRONG,
			    enable->change.error);
	}
	changed = enable->change.result;
	code = changed ? check_needs(enable, enable->change.result, enable->change.size) :
	       check_needs(enable, text, len);
	free(text);
	if (code == CLI_OK && changed)
		code = define(enable);
	if (code == CLI_OK)
		report(enable, changed);
	free(enable->change.result);
	return code;
}

static enum cli_exit run(const struct argp *argp, int argc, char **argv, bool remove)
{
	struct enable enable = { .change.remove = remove };
	enum cli_exit code;

	if (argp_parse(argp, argc, argv, 0, NULL, &enable))
		return CLI_USAGE;
	signal(SIGPIPE, SIG_IGN);
	code = connect_to(&enable);
	if (code == CLI_OK)
		code = find(&enable);
	if (code == CLI_OK)
		code = look(&enable);
	if (code == CLI_OK)
		code = change(&enable);
	virsh_domain_free(&enable.domain);
	return code;
}

#define REFUSED		"Exit codes: 0 done, 1 wrong usage, 3 refused, and nothing was changed: the " \
			"domain is not understood, or is transient"
#define NO_LIBVIRT	", 4 libvirt refuses or there is no virsh."

enum cli_exit cli_enable(int argc, char **argv)
{
	static const struct argp argp = {
		.options = enable_options,
		.parser = parse,
		.args_doc = "DOMAIN",
		.doc = "Gives a libvirt domain what freehint needs: shared memory, the extension, "
		       "a monitor for the agent.\v" REFUSED ", or libvirt is that of one user, the "
		       "extension is missing, or the domain's QEMU cannot be used" NO_LIBVIRT,
	};

	return run(&argp, argc, argv, false);
}

enum cli_exit cli_disable(int argc, char **argv)
{
	static const struct argp argp = {
		.options = common_options,
		.parser = parse,
		.args_doc = "DOMAIN",
		.doc = "Takes freehint out of a libvirt domain.\v" REFUSED NO_LIBVIRT,
	};

	return run(&argp, argc, argv, true);
}
