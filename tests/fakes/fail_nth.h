/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lets one call to the system or for memory fail: the Nth from now. The calls come
 * here by ld's --wrap, one for each WRAP() of the files that are linked.
 */
#ifndef FREEHINT_FAIL_NTH_H
#define FREEHINT_FAIL_NTH_H

#include <stdbool.h>

/** fail_nth_arm() - let the @n-th call from now fail; 0: none */
void fail_nth_arm(unsigned int n);

/** fail_nth_pause() - calls do not count and do not fail until this is false again */
void fail_nth_pause(bool pause);

/** fail_nth_failed() - name of the function that failed, NULL when none has yet */
const char *fail_nth_failed(void);

/** fail_now() - for wrappers: count a call of @name; true when it has to fail */
bool fail_now(const char *name);

/* WRAP(type, what a failure returns, errno, function, parameters, arguments) */
#define WRAP(type, failure, error, name, params, args)	\
	type __real_##name params;			\
	type __wrap_##name params;			\
	type __wrap_##name params			\
	{						\
		if (!fail_now(#name))			\
			return __real_##name args;	\
		errno = error;				\
		return failure;				\
	}

#endif /* FREEHINT_FAIL_NTH_H */
