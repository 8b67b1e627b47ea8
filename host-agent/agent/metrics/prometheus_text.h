/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes metrics in the text format of Prometheus, for node_exporter's textfile collector.
 */
#ifndef FREEHINT_PROMETHEUS_TEXT_H
#define FREEHINT_PROMETHEUS_TEXT_H

#include "include/freehint/types.h"

/* A file's name, and the escapes of the text format: a byte takes two at most. */
#define PROM_NAME	255
#define PROM_LABEL	(2 * PROM_NAME + 1)

/**
 * struct prometheus_text - the text being written
 * @to:    buffer of @size bytes, which begins with an empty text
 * @size:  its size, bytes
 * @len:   bytes in use; text that does not fit is left out as a whole
 * @label: value of the label "vm" of every line
 */
struct prometheus_text {
	char *to;
	size_t size;
	size_t len;
	const char *label;
};

/** prom_put() - append a text, as printf() formats it */
__attribute__((format(printf, 2, 3)))
void prom_put(struct prometheus_text *out, const char *format, ...);

/**
 * prom_head() - append what comes before the lines of a metric
 * @out:  text
 * @name: of the metric, without "freehint_"
 * @type: "gauge" or "counter"
 * @help: a sentence
 */
void prom_head(struct prometheus_text *out, const char *name, const char *type, const char *help);

/** prom_number() - append a metric that has one line; the first parameters as for prom_head() */
void prom_number(struct prometheus_text *out, const char *name, const char *type,
		 const char *help, u64 value);

/** prom_seconds() - likewise, with @us microseconds as seconds */
void prom_seconds(struct prometheus_text *out, const char *name, const char *type,
		  const char *help, u64 us);

/**
 * prom_make_label() - make the value of the label "vm"
 * @label: filled with PROM_LABEL bytes at most, escaped
 * @path:  file of the metrics; its name without ".prom", and without systemd's escapes, is taken
 */
void prom_make_label(char *label, const char *path);

#endif /* FREEHINT_PROMETHEUS_TEXT_H */
