// SPDX-License-Identifier: GPL-2.0
/*
 * Which extension a domain gets: the one that was named, none, or the installed one.
 */
#include "extension_option.h"

#include <libxml/xmlstring.h>

#include "../text/text.h"
#include "installed_extension.h"
#include "qemu_args.h"

/* The path becomes a part of the domain's XML, where an attribute keeps no other characters. */
static bool fits_into_xml(const char *path)
{
	return !text_has_control(path) && xmlCheckUTF8((const xmlChar *)path);
}

static void check_path(const char *path, struct argp_state *state)
{
	if (*path != '/')
		argp_error(state, "--extension is %s, QEMU needs a path from the root", path);
	else if (!qemu_args_is_extension(path))
		argp_error(state, "--extension is %s, but freehint knows its extension in a domain by the name freehint-qemu.so: give the file this name",
			   path);
	else if (!fits_into_xml(path))
		argp_error(state, "--extension has a control character, or is not UTF-8: a domain cannot have such a path");
}

void extension_option_settle(struct domain_target *target, bool builtin, struct argp_state *state)
{
	if (builtin && target->extension)
		argp_error(state, "give --builtin or --extension, not both");
	if (target->extension)
		check_path(target->extension, state);
	target->replace = builtin || target->extension;
	if (!target->replace)
		target->extension = installed_extension();
}
