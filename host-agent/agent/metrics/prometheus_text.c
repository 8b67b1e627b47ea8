// SPDX-License-Identifier: GPL-2.0
/*
 * Writes metrics in the text format of Prometheus, for node_exporter's textfile collector.
 */
#include "prometheus_text.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host-agent/common/instance_name.h"
#include "host-agent/common/moved_metrics.h"

void prom_put(struct prometheus_text *out, const char *format, ...)
{
	size_t room = out->size - out->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(out->to + out->len, room, format, args);
	va_end(args);
	if (len > 0 && (size_t)len < room)
		out->len += (size_t)len;
	else
		out->to[out->len] = '\0';
}

void prom_head(struct prometheus_text *out, const char *name, const char *type, const char *help)
{
	prom_put(out, "# HELP freehint_%s %s\n# TYPE freehint_%s %s\n", name, help, name, type);
}

static void prom_metric(struct prometheus_text *out, const char *name, const char *type,
			const char *help, const char *value)
{
	prom_head(out, name, type, help);
	prom_put(out, "freehint_%s{vm=\"%s\"} %s\n", name, out->label, value);
}

void prom_number(struct prometheus_text *out, const char *name, const char *type,
		 const char *help, u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	prom_metric(out, name, type, help, text);
}

void prom_seconds(struct prometheus_text *out, const char *name, const char *type,
		  const char *help, u64 us)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu.%06llu", (unsigned long long)(us / 1000000),
		 (unsigned long long)(us % 1000000));
	prom_metric(out, name, type, help, text);
}

/* jansson takes UTF-8 only. Not a zero byte either: the text that is written would end there. */
static bool is_label(const char *name, size_t len)
{
	json_t *text = json_stringn(name, len);
	bool good = text && !memchr(name, '\0', len);

	json_decref(text);
	return good;
}

static void escape_label(char *label, const char *name, size_t len)
{
	size_t at, used = 0;

	for (at = 0; at < len; at++) {
		if (name[at] == '"' || name[at] == '\\' || name[at] == '\n')
			label[used++] = '\\';
		label[used++] = name[at] == '\n' ? 'n' : name[at];
	}
	label[used] = '\0';
}

/*
 * The collector drops a whole file because of one bad byte. A name that cannot be a label stays as
 * systemd has escaped it. So two machines never get the same label.
 */
void prom_make_label(char *label, const char *path)
{
	const char *name = strrchr(path, '/');
	char plain[PROM_NAME];
	size_t len, at, used;

	name = name ? name + 1 : path;
	len = name_before(name, METRICS_SUFFIX);
	len = len ? len : strlen(name);
	len = len > sizeof(plain) ? sizeof(plain) : len;
	used = instance_name_plain(plain, name, len);
	if (!is_label(plain, used)) {
		used = len;
		memcpy(plain, name, len);
	}
	/* Not from systemd, whose names are ASCII. */
	if (!is_label(plain, used))
		for (at = 0; at < used; at++)
			plain[at] = plain[at] & 0x80 ? '?' : plain[at];
	escape_label(label, plain, used);
}
