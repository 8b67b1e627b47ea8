// SPDX-License-Identifier: GPL-2.0
/*
 * Puts freehint into the XML of a libvirt domain: a <shmem>, the extension, a monitor for
 * the agent. What is there already stays; what is there otherwise is refused, with the line.
 */
#include "domain_edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../text/text.h"
#include "../text/xml_insert.h"
#include "domain_args.h"
#include "domain_size.h"

/* libvirt's size of a <shmem> without a <size>. */
#define DEFAULT_SIZE	(4ULL << 20)

static void add_shmem(struct domain *domain, u64 mib, struct text_edits *edits)
{
	char *name = xml_escape(&domain->xml, domain->name), *lines = NULL;

	if (name)
		lines = text_printf("<shmem name='" DOMAIN_SHM "%s' role='master'>\n"
				    "  <model type='ivshmem-plain'/>\n"
				    "  <size unit='M'>%llu</size>\n"
				    "</shmem>\n", name, (unsigned long long)mib);
	if (lines)
		xml_insert(&domain->xml, domain->devices, lines, edits);
	else
		edits->full = 1;
	free(lines);
	free(name);
}

/* The domain got more memory: the region grows, too. It never shrinks. */
static int grow_shmem(struct domain *domain, u64 mib, struct text_edits *edits)
{
	xmlNode *size = xml_text_child(domain->shmem, "size");
	const struct xml_place *place;
	u64 bytes = DEFAULT_SIZE;
	char *lines;

	if (size && domain_size_read(&domain->xml, size, NULL, "bytes", &bytes))
		return -EINVAL;
	if (bytes >= mib << 20)
		return 0;
	lines = text_printf("<size unit='M'>%llu</size>%s", (unsigned long long)mib, size ? "" : "\n");
	if (size) {
		place = xml_text_place(size);
		text_edits_add(edits, place->open, place->end, lines);
		return 0;
	}
	if (lines)
		xml_insert(&domain->xml, domain->shmem, lines, edits);
	else
		edits->full = 1;
	free(lines);
	return 0;
}

static const char *extension_option(const struct domain_target *target)
{
	return target->extension ? "-plugin" : "-object";
}

/* The prefix of <qemu:commandline>, or "". */
static const char *prefix_of(const struct domain *domain)
{
	const xmlNs *ns = domain->command ? domain->command->ns : NULL;

	if (!ns)
		return "qemu";
	return ns->prefix ? (const char *)ns->prefix : "";
}

/* Return: a line, NULL without memory. */
static char *arg_line(const struct domain *domain, const char *value)
{
	const char *prefix = prefix_of(domain);
	char *escaped = value ? xml_escape(&domain->xml, value) : NULL, *line = NULL;

	if (escaped)
		line = text_printf("<%s%sarg value='%s'/>", prefix, *prefix ? ":" : "", escaped);
	free(escaped);
	return line;
}

/* @line: consumed, and noted in the place of @element. */
static void replace(const xmlNode *element, char *line, struct text_edits *edits)
{
	const struct xml_place *place = xml_text_place(element);

	text_edits_add(edits, place->open, place->end, line);
}

/**
 * struct new_args - arguments that the domain does not have yet
 * @lines: whole lines, for <qemu:commandline>
 * @len:   their length
 * @out:   stream that writes @lines
 */
struct new_args {
	char *lines;
	size_t len;
	FILE *out;
};

static void add_pair(const struct domain *domain, struct new_args *args, const char *option,
		     const char *value, struct text_edits *edits)
{
	char *first = arg_line(domain, option), *second = arg_line(domain, value);

	if (first && second)
		fprintf(args->out, "%s\n%s\n", first, second);
	else
		edits->full = 1;
	free(first);
	free(second);
}

/* Keeps options that somebody has added, or refuses: an option must not be lost silently. */
static int carry_options(struct domain *domain, const struct domain_target *target,
			 char **options)
{
	const struct domain_pair *pair = &domain->extension[0];
	const char *value = pair->text;
	char *lost;
	int ret = 0;

	*options = NULL;
	if (*value == '{')
		return xml_text_refuse(&domain->xml, pair->value,
				       "this argument is written as JSON, and its options would be gone: take freehint out with --remove, then add it again");
	lost = domain_extension_options(value, false);
	if (lost && *lost)
		ret = xml_text_refuse(&domain->xml, pair->value,
				      "%s has no option '%.80s', which this argument has: take it out first",
				      target->extension ? "the extension" : "-object freehint",
				      lost + 1);
	else if (lost)
		*options = domain_extension_options(value, true);
	free(lost);
	return ret;
}

/* From -plugin to -object, or back. */
static int change_kind(struct domain *domain, const struct domain_target *target,
		       const char *memdev, struct text_edits *edits)
{
	const struct domain_pair *pair = &domain->extension[0];
	char *options, *value;

	if (carry_options(domain, target, &options))
		return -EINVAL;
	value = options ? domain_extension_value(target->extension, memdev, options) : NULL;
	replace(pair->option, arg_line(domain, extension_option(target)), edits);
	replace(pair->value, arg_line(domain, value), edits);
	free(value);
	free(options);
	return 0;
}

static void change_path(const struct domain *domain, const char *extension,
			struct text_edits *edits)
{
	const struct domain_pair *pair = &domain->extension[0];
	char *path = domain_double_commas(extension), *value = NULL;

	if (path && qemu_args_has(pair->text, "file", path)) {
		free(path);
		return;
	}
	if (path)
		value = qemu_args_with_file(pair->text, path);
	replace(pair->value, arg_line(domain, value), edits);
	free(value);
	free(path);
}

/* It stays, unless another was named, and keeps its options then. */
static int change_extension(struct domain *domain, const struct domain_target *target,
			    const char *memdev, struct text_edits *edits)
{
	const struct domain_pair *pair = &domain->extension[0];

	if (!qemu_args_has(pair->text, "memdev", memdev))
		return xml_text_refuse(&domain->xml, pair->value,
				       "this argument does not name the memory %s of freehint's <shmem>: take freehint out with --remove, then add it again",
				       memdev);
	if (!target->replace)
		return 0;
	if ((pair->kind == QEMU_ARGS_OBJECT) != !target->extension)
		return change_kind(domain, target, memdev, edits);
	if (target->extension)
		change_path(domain, target->extension, edits);
	return 0;
}

static void add_extension(const struct domain *domain, const struct domain_target *target,
			  const char *memdev, struct new_args *args, struct text_edits *edits)
{
	char *value = domain_extension_value(target->extension, memdev, ",autostart=on");

	if (value)
		add_pair(domain, args, extension_option(target), value, edits);
	else
		edits->full = 1;
	free(value);
}

static int put_extension(struct domain *domain, const struct domain_target *target,
			 struct new_args *args, struct text_edits *edits)
{
	char *memdev = domain_memdev(domain->shmem, domain->shmem_index);
	int ret = 0;

	if (!memdev)
		edits->full = 1;
	else if (domain->extension[0].option)
		ret = change_extension(domain, target, memdev, edits);
	else
		add_extension(domain, target, memdev, args, edits);
	free(memdev);
	return ret;
}

static void put_monitor(const struct domain *domain, struct new_args *args,
			struct text_edits *edits)
{
	char *value;

	if (domain->monitor[0].option)
		return;
	value = domain_monitor_value(domain->name);
	if (value)
		add_pair(domain, args, "-qmp", value, edits);
	else
		edits->full = 1;
	free(value);
}

/* The declaration of the prefix, unless it has been declared where it counts. */
static int declare_prefix(struct domain *domain, struct text_edits *edits)
{
	const xmlNs *ns = xmlSearchNs(domain->xml.doc, domain->root, (const xmlChar *)"qemu");
	const struct xml_place *place = xml_text_place(domain->root);

	if (ns && strcmp((const char *)ns->href, DOMAIN_QEMU_NS) != 0)
		return xml_text_refuse(&domain->xml, domain->root,
				       "the prefix qemu: stands for another namespace than libvirt's; use another prefix for that namespace");
	if (!ns)
		text_edits_add(edits, place->inside - 1, place->inside - 1,
			       strdup(DOMAIN_QEMU_DECLARED));
	return 0;
}

/* Return: @lines with a <qemu:commandline> around them, NULL without memory. */
static char *wrap(const char *lines)
{
	char *wrapped = NULL;
	const char *end;
	size_t len;
	FILE *out;

	out = open_memstream(&wrapped, &len);
	if (!out)
		return NULL;
	fputs("<qemu:commandline>\n", out);
	for (; *lines; lines = end + 1) {
		end = strchr(lines, '\n');
		fprintf(out, "  %.*s\n", (int)(end - lines), lines);
	}
	fputs("</qemu:commandline>\n", out);
	if (!fclose(out))
		return wrapped;
	free(wrapped);
	return NULL;
}

static int put_lines(struct domain *domain, const char *lines, struct text_edits *edits)
{
	char *wrapped;
	int ret;

	if (!*lines)
		return 0;
	if (domain->command) {
		xml_insert(&domain->xml, domain->command, lines, edits);
		return 0;
	}
	ret = declare_prefix(domain, edits);
	wrapped = ret ? NULL : wrap(lines);
	if (wrapped)
		xml_insert(&domain->xml, domain->root, wrapped, edits);
	else
		edits->full = 1;
	free(wrapped);
	return ret;
}

static int put_arguments(struct domain *domain, const struct domain_target *target,
			 struct text_edits *edits)
{
	struct new_args args = { 0 };
	int ret;

	args.out = open_memstream(&args.lines, &args.len);
	if (!args.out) {
		edits->full = 1;
		return 0;
	}
	ret = put_extension(domain, target, &args, edits);
	if (!ret)
		put_monitor(domain, &args, edits);
	if (fclose(args.out))
		edits->full = 1;
	else if (!ret)
		ret = put_lines(domain, args.lines, edits);
	free(args.lines);
	return ret;
}

static int refuse_monitor_path_user(struct domain *domain)
{
	char *value = domain_monitor_value(domain->name);

	xml_text_refuse(&domain->xml, domain->monitor_path_user,
			"this argument has the path of the agent's monitor, which QEMU would open twice: freehint knows the monitor only as -qmp %s; take this out, or give it another path",
			value ? value : "unix:PATH");
	free(value);
	return -EINVAL;
}

/* Two domains with one file would write into each other's answers. */
static int check_unique(struct domain *domain)
{
	if (domain->shmem_of_other)
		return xml_text_refuse(&domain->xml, domain->shmem_of_other,
				       "this <shmem> is another domain's, of which this one may be a copy: take it out with --remove, then add freehint again");
	if (domain->shmem_like_ours)
		return xml_text_refuse(&domain->xml, domain->shmem_like_ours,
				       "this <shmem> has a name like freehint's memory of another domain: two guests must not write into one, so take it out, or give it another name if it is nobody's");
	if (domain->extension[1].option)
		return xml_text_refuse(&domain->xml, domain->extension[1].option,
				       "the extension is loaded twice, take one out");
	if (domain->monitor[1].option)
		return xml_text_refuse(&domain->xml, domain->monitor[1].option,
				       "a second monitor for the agent, take one out");
	if (domain->monitor_path_user)
		return refuse_monitor_path_user(domain);
	return 0;
}

int domain_add(struct domain *domain, const struct domain_target *target,
	       struct text_edits *edits)
{
	u64 mib;

	if (check_unique(domain) || domain_size_mib(domain, &mib))
		return -EINVAL;
	if (!domain->shmem)
		add_shmem(domain, mib, edits);
	else if (grow_shmem(domain, mib, edits))
		return -EINVAL;
	return put_arguments(domain, target, edits);
}
