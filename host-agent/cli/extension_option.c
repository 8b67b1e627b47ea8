// SPDX-License-Identifier: GPL-2.0
/*
 * Which extension a domain gets: the one that was named, none, or the installed one.
 */
#include "extension_option.h"
#include "installed_extension.h"

void extension_option_settle(struct domain_wish *wish, bool builtin, struct argp_state *state)
{
	if (builtin && wish->extension)
		argp_error(state, "give --builtin or --extension, not both");
	if (wish->extension && *wish->extension != '/')
		argp_error(state, "--extension is %s, QEMU needs a path from the root",
			   wish->extension);
	wish->replace = wish->extension;
	if (!builtin && !wish->extension)
		wish->extension = installed_extension();
}
