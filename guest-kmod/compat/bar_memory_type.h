/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory types of a mapping, as far as freehint distinguishes them. Uses nothing of the
 * kernel, so the unit tests compile this file unchanged.
 */
#ifndef FREEHINT_BAR_MEMORY_TYPE_H
#define FREEHINT_BAR_MEMORY_TYPE_H

#include "../../include/freehint/types.h"

/**
 * enum bar_memory_type - how the processor accesses a mapping
 * @BAR_UNKNOWN:         the page tables do not say it
 * @BAR_UNCACHED:        every store is a write of its own
 * @BAR_WRITE_COMBINING: stores are collected and written in any order; loads are
 *                          not cached
 * @BAR_WRITE_BACK:      cached like other memory
 */
enum bar_memory_type {
	BAR_UNKNOWN,
	BAR_UNCACHED,
	BAR_WRITE_COMBINING,
	BAR_WRITE_BACK,
};

/**
 * struct cache_bits - cache bits of page table entries, as a kernel has set its PAT up
 * @write_back:      bits for write-back
 * @write_combining: bits for write-combining
 * @uncached:        bits for uncached, if the MTRRs may not override them
 * @uncached_minus:  bits for uncached, if the MTRRs may override them
 */
struct cache_bits {
	u64 write_back;
	u64 write_combining;
	u64 uncached;
	u64 uncached_minus;
};

/**
 * bar_memory_type_from_bits() - memory type that the cache bits of an entry mean
 * @bits:  cache bits of the page table entry
 * @means: what the bits mean in this kernel
 *
 * A kernel without write-combining gives it the bits of uncached. So uncached is
 * compared first.
 *
 * Return: the type; BAR_UNKNOWN for write-through and write-protected, which are
 * never requested.
 */
static inline enum bar_memory_type
bar_memory_type_from_bits(u64 bits, const struct cache_bits *means)
{
	if (bits == means->uncached || bits == means->uncached_minus)
		return BAR_UNCACHED;
	if (bits == means->write_back)
		return BAR_WRITE_BACK;
	if (bits == means->write_combining)
		return BAR_WRITE_COMBINING;
	return BAR_UNKNOWN;
}

/**
 * bar_memory_type_wants_combining() - is write-combining better than what write-back gave?
 * @got: type of the mapping for which write-back was requested
 *
 * An unknown type is kept: it may be write-back.
 *
 * Return: true if the caller should map the memory again, write-combining.
 */
static inline bool bar_memory_type_wants_combining(enum bar_memory_type got)
{
	return got == BAR_UNCACHED;
}

/** bar_memory_type_name() - Return: the type, as text for a log */
static inline const char *bar_memory_type_name(enum bar_memory_type type)
{
	switch (type) {
	case BAR_UNCACHED:
		return "uncached";
	case BAR_WRITE_COMBINING:
		return "write-combining";
	case BAR_WRITE_BACK:
		return "write-back";
	default:
		return "unknown";
	}
}

#endif /* FREEHINT_BAR_MEMORY_TYPE_H */
