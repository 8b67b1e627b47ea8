/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every fuzz target needs: libFuzzer's entry, a reader of the input that is
 * never empty, and the check that makes a broken rule a crash.
 */
#ifndef FREEHINT_FUZZ_H
#define FREEHINT_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/freehint/types.h"

/** LLVMFuzzerTestOneInput() - one input; called by libFuzzer and by replay.c */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/** MUST() - an oracle: what does not hold is reported with its place and ends us */
#define MUST(condition)								\
	do {									\
		if (!(condition)) {						\
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__,	\
				__LINE__, #condition);				\
			abort();						\
		}								\
	} while (0)

/**
 * struct input - the bytes that drive one run
 * @at:   next byte
 * @left: bytes left; behind the end there are zeros
 */
struct input {
	const u8 *at;
	size_t left;
};

/** take() - copy the next @size bytes */
static inline void take(struct input *in, void *to, size_t size)
{
	size_t have = size < in->left ? size : in->left;

	memset(to, 0, size);
	if (have)
		memcpy(to, in->at, have);
	in->at += have;
	in->left -= have;
}

static inline u8 take8(struct input *in)
{
	u8 value;

	take(in, &value, sizeof(value));
	return value;
}

static inline u16 take16(struct input *in)
{
	u16 value;

	take(in, &value, sizeof(value));
	return value;
}

static inline u64 take64(struct input *in)
{
	u64 value;

	take(in, &value, sizeof(value));
	return value;
}

#endif /* FREEHINT_FUZZ_H */
