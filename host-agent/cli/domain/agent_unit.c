// SPDX-License-Identifier: GPL-2.0
/*
 * Prints a drop-in for the agent's unit: where the monitor and the memory of a domain are.
 */
#include "agent_unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "../terminal/complain.h"
#include "../text/text.h"
#include "domain_args.h"

/* As systemd reads it in a unit. */
static void print_setting(const char *name, const char *value)
{
	printf("Environment=\"%s=", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		if (*value == '%')
			putchar('%');
		putchar(*value);
	}
	puts("\"");
}

static enum cli_exit print_unit(const char *monitor, const char *shm)
{
	puts("[Service]");
	print_setting("QMP", monitor);
	print_setting("SHM", shm);
	return CLI_OK;
}

/* A line break in a path would begin another setting of the unit. */
static int check_path(struct domain *domain, const xmlNode *element, const char *of,
		      const char *path)
{
	if (!text_has_control(path))
		return 0;
	return xml_text_refuse(&domain->xml, element,
			       "the path of the agent's %s has a control character, which a unit cannot have; rename it",
			       of);
}

static enum cli_exit print_unit_of(struct domain *domain)
{
	const xmlNode *shmem = domain->shmem ? domain->shmem : domain->shmem_of_other;
	char *monitor = domain_monitor_path(domain), *shm = domain_shm_path(domain);
	enum cli_exit code = CLI_WRONG;

	if (!monitor || !shm)
		complain("no memory for the paths; free some on this host");
	else if (check_path(domain, domain->monitor[0].value, "monitor", monitor) ||
		 check_path(domain, shmem, "memory", shm))
		complain("%s", domain->xml.error);
	else
		code = print_unit(monitor, shm);
	free(monitor);
	free(shm);
	return code;
}

enum cli_exit agent_unit_print(const char *text, size_t len)
{
	enum cli_exit code = CLI_WRONG;
	struct domain domain;

	if (domain_parse(&domain, text, len))
		complain("%s", domain.xml.error);
	else if (domain_is_enabled(&domain))
		code = print_unit_of(&domain);
	domain_free(&domain);
	return code;
}
