/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sides of the protocol with different version windows, in one program.
 */
#ifndef FREEHINT_SIDE_H
#define FREEHINT_SIDE_H

#include "proto/guest_publish.h"
#include "proto/host_request.h"
#include "proto/host_snapshot.h"

/**
 * struct side - what a side with its own window does; the functions of proto/
 * @version_min:   lowest version it speaks
 * @version:       highest version it speaks
 * @write_host_hello: freehint_write_host_hello()
 * @attach_guest:  freehint_publisher_attach()
 * @older:         freehint_older_side()
 * @publish_guest_hello: freehint_publish_hello()
 * @attach_reader: freehint_reader_attach()
 * @read_host:     freehint_read_host_hello()
 * @read_guest:    freehint_read_guest_hello()
 */
struct side {
	u16 version_min;
	u16 version;
	int (*write_host_hello)(struct freehint_shm *shm, u64 size, u64 instance);
	int (*attach_guest)(struct freehint_publisher *pub, void *base, u64 size);
	const char *(*older)(const struct freehint_publisher *pub);
	void (*publish_guest_hello)(struct freehint_publisher *pub, u64 instance,
				    const struct freehint_guest_facts *facts);
	int (*attach_reader)(struct freehint_reader *reader, const void *base, u64 size);
	int (*read_host)(const struct freehint_reader *reader,
			 struct freehint_host_hello *hello);
	int (*read_guest)(const struct freehint_reader *reader, u64 instance,
			  struct freehint_guest_hello *hello);
};

extern const struct side side_1_1, side_1_2, side_1_3, side_2_2, side_2_3;

#endif /* FREEHINT_SIDE_H */
