/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared memory in which plain stores become visible in any order, until a fence.
 *
 * One process writes. A store waits in the buffer of its own location; memory()
 * makes waiting stores visible, those of one location in order, those of different
 * ones in any. That is weaker than x86 and as weak as the kernel's memory model for
 * stores; a reordered load is written out where it is wanted.
 *
 * It is also write-combining memory. The processor writes a buffer of 64 bytes in
 * pieces, in any order, at any time. It need not write it at all until a fence: memory()
 * may never take its next step. If it combines two stores to one location, the first is
 * never seen; here a reader may miss the first, too. No piece is smaller than an aligned
 * store, and each location is one such store.
 *
 * The includer defines CELLS, the number of locations, and IS_LOST(at) where a store to one
 * may get lost instead of visible.
 */

#ifndef IS_LOST
#define IS_LOST(at)	false
#endif

byte cell[CELLS];
chan waiting[CELLS] = [2] of { byte };

#define load(at)	cell[at]

inline store(at, value) {
	waiting[at]!value
}

/* Every earlier store is visible before any later one. */
inline store_fence() {
	d_step { ALL_VISIBLE }
}

inline store_release(at, value) {
	d_step { ALL_VISIBLE -> waiting[at]!value }
}

proctype memory(byte at) {
	byte value;

end:	do
	:: atomic { waiting[at]?value ->
		cell[at] = (IS_LOST(at) -> cell[at] : value);
		value = 0 }
	od
}
