/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine whose administrator has switched io_uring off, for one process and its
 * children: a filter in front of the calls lets them fail.
 */
#ifndef FREEHINT_BAN_RING_H
#define FREEHINT_BAN_RING_H

/**
 * enum ring_call - which call fails
 * @RING_SETUP:    io_uring_setup(), as with the sysctl or in a container
 * @RING_REGISTER: io_uring_register()
 * @RING_ENTER:    io_uring_enter(), always
 * @RING_SUBMIT:   io_uring_enter() that submits something: the ring seems to work
 */
enum ring_call {
	RING_SETUP,
	RING_REGISTER,
	RING_ENTER,
	RING_SUBMIT,
};

/** ban_ring() - from now on @call fails with @error; Return: 0 or negative errno */
int ban_ring(enum ring_call call, int error);

#endif /* FREEHINT_BAN_RING_H */
