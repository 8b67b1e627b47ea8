// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a QEMU look like another to whoever looks functions up in it, as an LD_PRELOAD:
 * FREEHINT_SAYS=MAJOR.MINOR is its version, FREEHINT_LACKS=NAME a function that it has not.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void query_fn(void *args, void **answer, void **errp);

void *dlsym(void *handle, const char *name);

static void *true_dlsym(void *handle, const char *name)
{
	void *(*real)(void *, const char *);

	/* dlsym() is what dlsym() cannot be asked for here. */
	*(void **)&real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
	return real(handle, name);
}

static void say_other_version(void *args, void **answer, void **errp)
{
	const char *says = getenv("FREEHINT_SAYS");
	void *(*member)(void *, const char *);
	void (*put)(void *, const char *, int64_t);
	query_fn *real;
	char *minor;
	void *version;

	*(void **)&real = true_dlsym(RTLD_DEFAULT, "qmp_marshal_query_version");
	*(void **)&member = true_dlsym(RTLD_DEFAULT, "qdict_get_qdict");
	*(void **)&put = true_dlsym(RTLD_DEFAULT, "qdict_put_int");
	real(args, answer, errp);
	version = member(*answer, "qemu");
	put(version, "major", strtol(says, &minor, 10));
	put(version, "minor", atoi(minor + 1));
}

void *dlsym(void *handle, const char *name)
{
	const char *lacks = getenv("FREEHINT_LACKS");

	if (lacks && !strcmp(name, lacks))
		return NULL;
	if (getenv("FREEHINT_SAYS") && !strcmp(name, "qmp_marshal_query_version"))
		return say_other_version;
	return true_dlsym(handle, name);
}
