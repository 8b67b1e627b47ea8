/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words the reason why the guest reports no free page, from its hello.
 */
#ifndef FREEHINT_GUEST_REFUSAL_H
#define FREEHINT_GUEST_REFUSAL_H

/* Two guests that run with one file would answer each other's rounds. */
#define GUEST_REFUSAL_SHARED	"another guest that runs uses the same shared memory; give each " \
				"a file of its own (mem-path, or the name of <shmem>)"

struct freehint_guest_hello;

/**
 * guest_hello_refusal() - why a guest's hello cannot be used
 * @error: what bar_read_guest_hello() returned, not 0
 * @hello: what it read; only of another version is looked at
 *
 * Context: BQL held.
 *
 * Return: a static string.
 */
const char *guest_hello_refusal(int error, const struct freehint_guest_hello *hello);

/**
 * guest_refusal() - why the guest reports no free page
 *
 * Context: BQL held.
 *
 * Return: a static string, NULL if the guest's module is present and willing.
 */
const char *guest_refusal(void);

#endif /* FREEHINT_GUEST_REFUSAL_H */
