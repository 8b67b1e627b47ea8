/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words the reason why the guest reports no free page, from its hello.
 */
#ifndef FREEHINT_GUEST_REFUSAL_H
#define FREEHINT_GUEST_REFUSAL_H

/**
 * guest_refusal() - why the guest reports no free page
 *
 * Context: BQL held.
 *
 * Return: a static string, NULL if the guest's module is present and willing.
 */
const char *guest_refusal(void);

#endif /* FREEHINT_GUEST_REFUSAL_H */
