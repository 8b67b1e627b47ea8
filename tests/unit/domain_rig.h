/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests of libvirt's domains have in common: how a domain gets freehint and loses
 * it, and how it looks then.
 */
/* links: host-agent/cli/domain/domain_change.c host-agent/cli/domain/domain_edit.c */
/* links: host-agent/cli/domain/domain_remove.c host-agent/cli/domain/domain_args.c */
/* links: host-agent/cli/domain/domain.c host-agent/cli/domain/domain_shmem.c */
/* links: host-agent/cli/domain/domain_size.c host-agent/cli/domain/qemu_args.c */
/* links: host-agent/cli/region/region_size.c host-agent/cli/text/text.c */
/* links: host-agent/cli/text/xml_insert.c host-agent/cli/text/xml_text.c */
/* links: host-agent/cli/text/text_edits.c */
/* libs: libxml-2.0 */
#ifndef FREEHINT_TEST_DOMAIN_RIG_H
#define FREEHINT_TEST_DOMAIN_RIG_H

#include "host-agent/cli/domain/domain_args.h"
#include "host-agent/cli/domain/domain_change.h"
#include "tests/unit/unit.h"

#define PATH	"/usr/lib/freehint/freehint-qemu.so"
#define ROOM	65536

/* What a test works on, and what became of it. */
static char before[ROOM], after[ROOM], error[XML_TEXT_ERROR];

/* A domain in one line, with the places that tests vary. */
#define DOMAIN(name, memory, devices, rest)						\
	"<domain type='kvm'><name>" name "</name>" memory "<devices>" devices		\
	"</devices>" rest "</domain>"
#define SMALL(name)	DOMAIN(name, "<memory>1048576</memory>", "", "")
#define QEMU(content)	"<q:commandline xmlns:q='" DOMAIN_QEMU_NS "'>" content "</q:commandline>"
#define SHMEM(name)	"<shmem name='" name "' role='master'><model type='ivshmem-plain'/>"	\
			"<size unit='M'>1</size></shmem>"

static inline void load(const char *name)
{
	char path[512];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%.*s/domains/%s", (int)(strrchr(__FILE__, '/') - __FILE__),
		 __FILE__, name);
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(before, 1, sizeof(before) - 1, file);
	before[len] = '\0';
	fclose(file);
}

/* Into @to. Return: 1 changed, 0 left as it is, -1 refused. */
static inline int change_with(struct domain_change *change, const char *from, char *to)
{
	int changed;

	if (domain_change(change, from, strlen(from))) {
		snprintf(error, sizeof(error), "%s", change->error);
		return -1;
	}
	changed = change->result != NULL;
	if (changed) {
		assert_true(change->size < ROOM);
		memcpy(to, change->result, change->size);
		to[change->size] = '\0';
	} else if (to != from) {
		strcpy(to, from);
	}
	free(change->result);
	return changed;
}

static inline int add(const char *from, char *to)
{
	struct domain_change change = { .target.extension = PATH };

	return change_with(&change, from, to);
}

static inline int remove_all(const char *from, char *to)
{
	struct domain_change change = { .remove = true };

	return change_with(&change, from, to);
}

static inline void has(const char *text)
{
	if (!strstr(after, text))
		print_error("%s\nis not in\n%s\n", text, after);
	assert_non_null(strstr(after, text));
}

/* There and back, and nothing twice. */
static inline void goes_round(void)
{
	static char twice[ROOM], back[ROOM];

	assert_int_equal(add(before, after), 1);
	assert_int_equal(add(after, twice), 0);
	assert_int_equal(remove_all(after, back), 1);
	assert_string_equal(back, before);
	assert_int_equal(remove_all(before, back), 0);
}

static inline void refuses_target(struct domain_change *change, const char *text, const char *why)
{
	assert_int_equal(change_with(change, text, after), -1);
	if (!strstr(error, why))
		print_error("'%s' does not say '%s'\n", error, why);
	assert_non_null(strstr(error, why));
}

static inline void refuses(const char *text, const char *why)
{
	struct domain_change change = { .target.extension = PATH };

	refuses_target(&change, text, why);
}

#endif /* FREEHINT_TEST_DOMAIN_RIG_H */
