/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps of the agent's protocol, by name, for tests that end or stop the agent at
 * each of them. tests/mutants/fault-points.patch puts them into a copy of the agent.
 */
#ifndef FREEHINT_FAULT_POINT_H
#define FREEHINT_FAULT_POINT_H

/*
 * In the order in which an agent meets them; FAULT_POINT(NAME) stands where the
 * step has just been done.
 */
#define FAULT_POINTS(X)		\
	/* the connection */	\
	X(CONNECTED)		\
	X(GREETED)		\
	X(NEGOTIATED)		\
	X(ASKED)		\
	X(ANSWERED)		\
	/* the region */	\
	X(MAPPED)		\
	X(HELLO_READ)		\
	X(START_SEEN)		\
	/* a round */		\
	X(ROUND_SEEN)		\
	X(PROGRESS_SEEN)	\
	X(WORDS_COPIED)		\
	X(BATCH_FILLED)		\
	X(FD_SENT)		\
	X(MARK_SENT)		\
	X(FD_TAKEN)		\
	X(MARK_TAKEN)		\
	X(SEAL_SEEN)		\
	X(LAST_SENT)		\
	X(ROUND_OVER)		\
	/* memory given back */	\
	X(GIVE_BACK_SENT)	\
	X(OFFER_COPIED)		\
	X(DISCARD_SENT)		\
	X(DISCARD_TAKEN)	\
	/* the end */		\
	X(MIGRATION_ENDED)	\
	X(CONNECTION_LOST)

/** enum fault_point - one name for each step */
enum fault_point {
#define FAULT_POINT_NAME(name) FAULT_##name,
	FAULT_POINTS(FAULT_POINT_NAME)
#undef FAULT_POINT_NAME
	FAULT_POINT_COUNT,
};

/** fault_point() - a step was done */
void fault_point(enum fault_point point);

#define FAULT_POINT(name)	fault_point(FAULT_##name)

#endif /* FREEHINT_FAULT_POINT_H */
