// SPDX-License-Identifier: GPL-2.0
/*
 * Any text as the XML of a domain: it is refused, or it gets freehint; a second time changes
 * nothing, and what is taken out is gone. So it is with one that shall have another extension.
 */
/* links: host-agent/cli/domain/domain_change.c host-agent/cli/domain/domain_edit.c */
/* links: host-agent/cli/domain/domain_remove.c host-agent/cli/domain/domain_args.c */
/* links: host-agent/cli/domain/domain.c host-agent/cli/domain/domain_shmem.c */
/* links: host-agent/cli/domain/domain_size.c host-agent/cli/domain/qemu_args.c */
/* links: host-agent/cli/region/region_size.c host-agent/cli/text/text.c */
/* links: host-agent/cli/text/xml_insert.c host-agent/cli/text/xml_text.c */
/* links: host-agent/cli/text/text_edits.c */
/* libs: libxml-2.0 */
/* flags: -I/usr/include/libxml2 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "host-agent/cli/domain/domain_change.h"

/* A result that is not what was wanted is noticed and not printed, but it is a fault. */
static void must_not_be_wrong(const struct domain_change *change)
{
	static const char wrong[] = "the changed document would not be", none[] = "no memory";

	MUST(strncmp(change->error, wrong, sizeof(wrong) - 1) != 0);
	MUST(strncmp(change->error, none, sizeof(none) - 1) != 0);
}

/* The same path, another one, and none: what is there keeps its options, or is refused. */
static void take_another(const char *text, size_t size)
{
	struct domain_change changes[] = {
		{ .target = { "/usr/lib/freehint/freehint-qemu.so", true } },
		{ .target = { "/o,=x/freehint-qemu.so", true } },
		{ .target = { NULL, true } },
	};
	size_t i;

	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (domain_change(&changes[i], text, size))
			must_not_be_wrong(&changes[i]);
		free(changes[i].result);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct domain_change add = { .target.extension = "/usr/lib/freehint/freehint-qemu.so" };
	struct domain_change again = add, gone = { .remove = true };

	take_another((const char *)data, size);
	if (domain_change(&add, (const char *)data, size)) {
		must_not_be_wrong(&add);
		return 0;
	}
	if (!add.result)
		return 0;
	MUST(!domain_change(&again, add.result, add.size) && !again.result);
	MUST(!domain_change(&gone, add.result, add.size) && gone.result);
	MUST(!memmem(gone.result, gone.size, "<model type='ivshmem-plain'/>", 29) ||
	     memmem(data, size, "<model", 6));
	free(gone.result);
	free(add.result);
	return 0;
}
