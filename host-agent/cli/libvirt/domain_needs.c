// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU ends at its start if the file of -plugin is missing, if it was not built for -plugin or for
 * -object freehint, and if it has no ivshmem-plain. So this is checked before these are added to a
 * domain.
 */
#include "domain_needs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../domain/domain.h"
#include "../emulator/check_qemu.h"
#include "../terminal/findings.h"

static int read_emulator(const struct domain *domain, char **emulator)
{
	xmlNode *element = xml_text_child(domain->devices, "emulator");
	xmlChar *path = element ? xmlNodeGetContent(element) : NULL;
	int ret = element && !path ? -ENOMEM : 0;

	if (path && *path) {
		*emulator = strdup((const char *)path);
		ret = *emulator ? 0 : -ENOMEM;
	}
	xmlFree(path);
	return ret;
}

static bool has_on(const char *value, const char *key)
{
	return qemu_args_has(value, key, "on") || qemu_args_has(value, key, "yes") ||
	       qemu_args_has(value, key, "true");
}

static int read_extension(const struct domain *domain, struct domain_needs *needs)
{
	const struct domain_pair *pair = &domain->extension[0];
	const char *value = pair->text;

	if (!pair->option)
		return -EINVAL;
	if (pair->kind == QEMU_ARGS_OBJECT)
		return 0;
	needs->allows_untested = has_on(value, "allow-untested");
	needs->extension = qemu_args_file(value);
	return needs->extension ? 0 : -ENOMEM;
}

int domain_needs_read(struct domain_needs *needs, const char *text, size_t len)
{
	struct domain domain;
	int ret;

	memset(needs, 0, sizeof(*needs));
	ret = domain_parse(&domain, text, len);
	if (!ret)
		ret = read_extension(&domain, needs);
	if (!ret)
		ret = read_emulator(&domain, &needs->emulator);
	domain_free(&domain);
	if (ret)
		domain_needs_free(needs);
	return ret;
}

void domain_needs_free(struct domain_needs *needs)
{
	free(needs->emulator);
	free(needs->extension);
	memset(needs, 0, sizeof(*needs));
}

/* A domain keeps the path that it has, unless it is to have another. */
static bool has_extension(const char *path, const char *wanted_path, char *why, size_t size)
{
	if (!access(path, R_OK))
		return true;
	if (!wanted_path || !strcmp(path, wanted_path))
		snprintf(why, size, "there is no extension at %s: install freehint, or give its path with --extension",
			 path);
	else if (access(wanted_path, R_OK))
		snprintf(why, size, "the domain has the extension at %s, and there is none, nor at %s: install freehint, then give its path with --extension",
			 path, wanted_path);
	else
		snprintf(why, size, "the domain has the extension at %s, and there is none: its QEMU would not start; --extension=%s gives it the one that is installed",
			 path, wanted_path);
	return false;
}

/* In a sticky directory nobody can replace what belongs to another. */
static bool others_can_change(const char *path)
{
	struct stat st;

	if (stat(path, &st) || (st.st_uid && st.st_uid != geteuid()))
		return true;
	return st.st_mode & (S_IWGRP | S_IWOTH) && !(S_ISDIR(st.st_mode) && st.st_mode & S_ISVTX);
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/*
 * libvirt asks QEMU as its own user. This user may be root, and runs nothing that somebody else can
 * have written, or can replace. Such a program is not looked at, nor one that is not there:
 * libvirt refuses that.
 *
 * Return: the path without links, which the caller frees; NULL if it is not to be run.
 */
static char *may_run(const char *path)
{
	char *real = realpath(path, NULL), *slash;
	bool ours = real && is_program(real) && !others_can_change(real) &&
		    !others_can_change("/");

	for (slash = real ? strchr(real + 1, '/') : NULL; ours && slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ours = !others_can_change(real);
		*slash = '/';
	}
	if (ours)
		return real;
	free(real);
	return NULL;
}

static bool has_emulator(const struct domain_needs *needs, char *why, size_t size)
{
	char fault[512], *path = needs->emulator, *real = may_run(path);
	unsigned int before = findings_wrong();
	const char *without_effect;

	if (!real)
		return true;
	findings_keep(fault, sizeof(fault));
	without_effect = check_qemu_for(real, !needs->extension);
	findings_keep(NULL, 0);
	free(real);
	if (findings_wrong() == before) {
		if (without_effect && !needs->allows_untested)
			snprintf(why, size, "%s", without_effect);
		return true;
	}
	snprintf(why, size, "the domain's <emulator> is %s: %s; nothing was changed, the domain may be given another <emulator>",
		 path, fault);
	return false;
}

bool domain_needs_check(const struct domain_needs *needs, const char *wanted_path, char *why,
			size_t size)
{
	*why = '\0';
	if (needs->extension && !has_extension(needs->extension, wanted_path, why, size))
		return false;
	return !needs->emulator || has_emulator(needs, why, size);
}
