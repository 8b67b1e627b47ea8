// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's QDict and QList for unit tests, on top of jansson, the monitor's named file
 * descriptors, and its call of a command.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_qobject.h"

static const char *passed_name;
static int passed_fd = -1;

static json_t *json(const void *obj)
{
	return (json_t *)(uintptr_t)obj;
}

static json_t *get(const void *dict, const char *key)
{
	return json_object_get(json(dict), key);
}

static QDict *dict_new(void)
{
	return (QDict *)json_object();
}

static void put_obj(QDict *dict, const char *key, QObject *obj)
{
	json_object_set_new(json(dict), key, json(obj));
}

static void put_int(QDict *dict, const char *key, int64_t n)
{
	json_object_set_new(json(dict), key, json_integer(n));
}

static void put_bool(QDict *dict, const char *key, bool value)
{
	json_object_set_new(json(dict), key, json_boolean(value));
}

static void put_str(QDict *dict, const char *key, const char *value)
{
	json_object_set_new(json(dict), key, json_string(value));
}

static int has_key(const QDict *dict, const char *key)
{
	return get(dict, key) != NULL;
}

static int64_t try_int(const QDict *dict, const char *key, int64_t none)
{
	json_t *value = get(dict, key);

	return json_is_integer(value) ? json_integer_value(value) : none;
}

static const char *try_str(const QDict *dict, const char *key)
{
	return json_string_value(get(dict, key));
}

static bool try_bool(const QDict *dict, const char *key, bool none)
{
	json_t *value = get(dict, key);

	return json_is_boolean(value) ? json_is_true(value) : none;
}

static QDict *sub_dict(const QDict *dict, const char *key)
{
	json_t *value = get(dict, key);

	return json_is_object(value) ? (QDict *)value : NULL;
}

static QList *sub_list(const QDict *dict, const char *key)
{
	json_t *value = get(dict, key);

	return json_is_array(value) ? (QList *)value : NULL;
}

static const QDictEntry *first_entry(const QDict *dict)
{
	return json_object_iter(json(dict));
}

static const QDictEntry *next_entry(const QDict *dict, const QDictEntry *entry)
{
	return json_object_iter_next(json(dict), (void *)(uintptr_t)entry);
}

static const char *entry_key(const QDictEntry *entry)
{
	return json_object_iter_key((void *)(uintptr_t)entry);
}

static QList *list_new(void)
{
	return (QList *)json_array();
}

static void list_append(QList *list, QObject *element)
{
	json_array_append_new(json(list), json(element));
}

static QObject *list_pop(QList *list)
{
	json_t *element = json_incref(json_array_get(json(list), 0));

	json_array_remove(json(list), 0);
	return (QObject *)element;
}

static size_t list_size(const QList *list)
{
	return json_array_size(json(list));
}

static void list_append_int(QList *list, int64_t value)
{
	json_array_append_new(json(list), json_integer(value));
}

static Monitor *current_monitor(void)
{
	return NULL;
}

static int get_fd(Monitor *mon, const char *name, Error **errp)
{
	int fd = passed_fd;

	if (!passed_name || strcmp(name, passed_name) != 0) {
		qemu_error(errp, "File descriptor named '%s' has not been found", name);
		return -1;
	}
	passed_name = NULL;
	passed_fd = -1;
	return fd;
}

void fake_qobject_init(void)
{
	qemu.qdict_new = dict_new;
	qemu.qdict_put_obj = put_obj;
	qemu.qdict_put_int = put_int;
	qemu.qdict_put_bool = put_bool;
	qemu.qdict_put_str = put_str;
	qemu.qdict_haskey = has_key;
	qemu.qdict_get_try_int = try_int;
	qemu.qdict_get_try_str = try_str;
	qemu.qdict_get_try_bool = try_bool;
	qemu.qdict_get_qdict = sub_dict;
	qemu.qdict_get_qlist = sub_list;
	qemu.qdict_first = first_entry;
	qemu.qdict_next = next_entry;
	qemu.qdict_entry_key = entry_key;
	qemu.qlist_new = list_new;
	qemu.qlist_append_obj = list_append;
	qemu.qlist_append_int = list_append_int;
	qemu.qlist_pop = list_pop;
	qemu.qlist_size = list_size;
	qemu.monitor_cur = current_monitor;
	qemu.monitor_get_fd = get_fd;
}

json_t *fake_run(qemu_qmp_fn *command, json_t *args)
{
	QObject *answer = NULL;
	Error *err = NULL;

	if (!args) {
		fprintf(stderr, "fake_run: broken: the arguments are not valid\n");
		abort();
	}
	command((QDict *)args, &answer, &err);
	json_decref(args);
	if (!answer == !err) {
		fprintf(stderr, "fake_run: broken: %s answer and error\n", err ? "both" : "no");
		abort();
	}
	if (err)
		qemu.error_free(err);
	return (json_t *)answer;
}

void fake_pass_fd(const char *name, int fd)
{
	passed_name = name;
	passed_fd = fd;
}

bool fake_fd_is_taken(void)
{
	return passed_fd < 0;
}
