// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin that stands for a device which forbids QEMU to discard memory, as VFIO does: with
 * x-test-forbid, and not any more after x-test-permit.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void command_fn(void *args, void **ret, void **errp);
typedef void register_fn(void *list, const char *name, command_fn *fn, int options,
			 unsigned int features);

int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/* The number that QEMU's series accepts, by functions that were added with it. */
__attribute__((constructor)) static void choose_version(void)
{
	if (dlsym(RTLD_DEFAULT, "qemu_plugin_register_vcpu_syscall_filter_cb"))
		qemu_plugin_version = 7;
	else
		qemu_plugin_version = dlsym(RTLD_DEFAULT, "qemu_plugin_scoreboard_new") ? 4 : 1;
}

static void set(bool forbidden, void **ret)
{
	int (*disable)(bool state) = (int (*)(bool))dlsym(RTLD_DEFAULT,
							   "ram_block_discard_disable");
	void *(*new_dict)(void) = (void *(*)(void))dlsym(RTLD_DEFAULT, "qdict_new");

	disable(forbidden);
	*ret = new_dict();
}

static void forbid(void *args, void **ret, void **errp)
{
	(void)args;
	(void)errp;
	set(true, ret);
}

static void permit(void *args, void **ret, void **errp)
{
	(void)args;
	(void)errp;
	set(false, ret);
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	register_fn *add = (register_fn *)dlsym(RTLD_DEFAULT, "qmp_register_command");
	void *list = dlsym(RTLD_DEFAULT, "qmp_commands");

	(void)id;
	(void)info;
	(void)argc;
	(void)argv;
	if (!add || !list)
		return -1;
	add(list, "x-test-forbid", forbid, 0, 0);
	add(list, "x-test-permit", permit, 0, 0);
	return 0;
}
