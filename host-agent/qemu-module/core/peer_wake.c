// SPDX-License-Identifier: GPL-2.0
/*
 * Wakes agents when the request line changes, so that they need not poll while nothing happens.
 *
 * A descriptor is a socket and nothing else. A flag of send() keeps a call from blocking,
 * while O_NONBLOCK belongs to the open file, which the peer has, too: it could clear the
 * flag, fill a pipe or an eventfd, and stop the migration thread.
 *
 * A byte that does not fit can be left out: the agent wakes up for the bytes that are there.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_wake.h"

/* Sockets that are kept. There is one agent; others come by mistake or for a moment. */
#define PEERS	4

/*
 * Guarded by the BQL.
 *
 * @fd:   sockets, the first @count are in use
 * @next: which one goes when all are in use
 */
static struct {
	int fd[PEERS];
	unsigned int count;
	unsigned int next;
} peers;

static void drop(unsigned int i)
{
	close(peers.fd[i]);
	peers.fd[i] = peers.fd[--peers.count];
}

static bool is_gone(int fd)
{
	return send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
	       errno != EINTR && errno != ENOBUFS;
}

int peer_wake_add(int fd)
{
	socklen_t size = sizeof(int);
	int type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size)) {
		close(fd);
		return -ENOTSOCK;
	}
	/* Sockets whose agent is gone make room. */
	peer_wake();
	if (peers.count == PEERS)
		drop(peers.next++ % PEERS);
	peers.fd[peers.count++] = fd;
	return 0;
}

void peer_wake(void)
{
	unsigned int i = 0;

	while (i < peers.count)
		if (is_gone(peers.fd[i]))
			drop(i);
		else
			i++;
}
