/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks a range that a QMP peer sent: first its shape, then whether it is RAM of the guest.
 */
#ifndef FREEHINT_RANGE_CHECK_H
#define FREEHINT_RANGE_CHECK_H

#include "../../../include/freehint/qmp_names.h"
#include "qemu_abi.h"
#include "ram_map.h"

/**
 * range_check() - check one range of a command
 * @i:     its place in the list, for the message
 * @r:     a private copy of the range
 * @after: end of the range before it, 0 for the first; ranges are in order, without overlap
 * @errp:  set on failure
 *
 * Context: BQL held.
 *
 * Return: true if the range is not empty, aligned to pages, in order, and ends below
 * FREEHINT_MAX_PAGES, so that no sum of it overflows.
 */
bool range_check(u32 i, const struct freehint_range *r, u64 after, Error **errp);

/**
 * range_above_firmware() - leave out what is below FREEHINT_FIRMWARE_END
 * @start: of a range, bytes
 * @end:   of it
 *
 * Context: any thread.
 *
 * Return: where the rest begins; @end if there is none.
 */
u64 range_above_firmware(u64 start, u64 end);

/**
 * range_piece_fn - called for each part of a range
 * @i:    number of the range, for messages
 * @gpa:  first guest physical address
 * @hva:  its host address
 * @len:  bytes; they are in one memory region, none of them is freehint's own memory
 * @errp: set on failure
 *
 * Context: BQL held.
 *
 * Return: false ends the walk.
 */
typedef bool range_piece_fn(u32 i, u64 gpa, u8 *hva, u64 len, Error **errp);

/**
 * range_walk() - find the memory of a checked range
 * @map:  RAM segments looked up for this command
 * @i:    number of the range, for messages
 * @gpa:  start of the range
 * @end:  its end; if it is not above @gpa nothing is called
 * @fn:   called for each memory region in the range
 * @errp: set if a part is no guest RAM or is freehint's own memory
 *
 * Context: BQL held.
 *
 * Return: true if @fn was called for the whole range and never failed.
 */
bool range_walk(struct ram_map *map, u32 i, u64 gpa, u64 end, range_piece_fn *fn, Error **errp);

#endif /* FREEHINT_RANGE_CHECK_H */
