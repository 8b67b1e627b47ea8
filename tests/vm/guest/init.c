// SPDX-License-Identifier: GPL-2.0
/*
 * Process 1 of the test guest: mounts, reaps, and runs the commands that the
 * harness sends over the second serial port, or another (see tests/lib/guest.py). As any
 * other process, in a guest that has a process 1 of its own, it only runs commands.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/*
 * Protocol, one line each way, printable characters only:
 *   request  FHQ <id> <timeout ms> <command in hex>
 *   answer   FHA <id> <exit status> <output in hex> <length of the output> END
 * Anything else on the line is noise, which either side skips.
 */
#define PORT		"/dev/ttyS1"
/* The kernel hands it on from its command line, where the machine has no second port. */
#define PORT_VARIABLE	"CONTROL"
#define MAX_REQUEST	65536
#define MAX_OUTPUT	65536
#define TIMED_OUT	124

static char request[MAX_REQUEST];
static char output[MAX_OUTPUT];

static void make_mounts(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mkdir("/run", 0755);
	mkdir("/tmp", 01777);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("tmpfs", "/run", "tmpfs", 0, NULL);
	mount("tmpfs", "/tmp", "tmpfs", 0, "size=90%");
}

static int open_port(void)
{
	struct termios tio;
	const char *port = getenv(PORT_VARIABLE);
	int fd = open(port ? port : PORT, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (!tcgetattr(fd, &tio)) {
		cfmakeraw(&tio);
		cfsetspeed(&tio, B115200);
		tcsetattr(fd, TCSANOW, &tio);
	}
	return fd;
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			data += n;
			len -= n;
		}
	}
}

/* The port's next byte. It gives several at a time, and system calls are dear. */
static char read_byte(int fd)
{
	static char bytes[256];
	static ssize_t at, count;

	while (at >= count) {
		at = 0;
		count = read(fd, bytes, sizeof(bytes));
	}
	return bytes[at++];
}

/* Read one line into request[]; a line that is too long is dropped. */
static void read_line(int fd)
{
	size_t len = 0;
	char c;

	for (;;) {
		c = read_byte(fd);
		if (c == '\n' && len < sizeof(request))
			break;
		if (c == '\n')
			len = 0;
		else if (len < sizeof(request))
			request[len++] = c;
	}
	request[len] = '\0';
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Decode in place; false when it is not hex. */
static int unhex(char *text)
{
	size_t len = strlen(text);
	size_t i;

	if (len % 2)
		return 0;
	for (i = 0; i < len / 2; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return 0;
		text[i] = (char)(high << 4 | low);
	}
	text[len / 2] = '\0';
	return 1;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Append what a pipe or file holds to output[]; the excess is read and dropped. */
static size_t drain(int fd, size_t len)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		size_t room = sizeof(output) - len;
		size_t take = (size_t)n < room ? (size_t)n : room;

		memcpy(output + len, chunk, take);
		len += take;
	}
	return len;
}

static pid_t spawn_shell(const char *command, int out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(out, 2);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

/* Wait for the shell, not for what it left in the background. */
static int wait_shell(pid_t pid, int fd, long timeout, size_t *len)
{
	struct pollfd wake = { .fd = fd, .events = POLLIN };
	long end = now_ms() + timeout;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ms() >= end) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			*len = drain(fd, *len);
			return TIMED_OUT;
		}
		if (poll(&wake, 1, 5) < 0 || wake.revents & POLLHUP)
			usleep(5000);
		*len = drain(fd, *len);
	}
	*len = drain(fd, *len);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * "cat FILE" without a shell: tests ask for files all the time, and where system calls are
 * slow a shell takes seconds. Return: exit status; -1 when it is another command.
 */
static int cat_file(const char *command, size_t *len)
{
	int fd;

	if (strncmp(command, "cat /", 5) || strpbrk(command + 4, " ;&|<>*?$`'\"\\\n"))
		return -1;
	fd = open(command + 4, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 1;
	*len = drain(fd, 0);
	close(fd);
	return 0;
}

static int run_command(const char *command, long timeout, size_t *len)
{
	int pipefd[2], status;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK))
		return 126;
	/* The shell must see an ordinary, blocking descriptor. */
	fcntl(pipefd[1], F_SETFL, 0);
	pid = spawn_shell(command, pipefd[1]);
	close(pipefd[1]);
	status = pid < 0 ? 126 : wait_shell(pid, pipefd[0], timeout, len);
	close(pipefd[0]);
	return status;
}

static void answer(int port, const char *id, int status, size_t len)
{
	static char text[2 * MAX_OUTPUT + 256];
	size_t at, i;

	at = snprintf(text, 128, "\nFHA %.32s %d ", id, status);
	for (i = 0; i < len; i++)
		at += sprintf(text + at, "%02x", (unsigned char)output[i]);
	at += sprintf(text + at, " %zu END\n", len);
	write_all(port, text, at);
}

static void serve_request(int port)
{
	char *save, *id, *timeout, *hex;
	char *start = strstr(request, "FHQ ");
	size_t len = 0;
	int status;

	if (!start)
		return;
	strtok_r(start, " ", &save);
	id = strtok_r(NULL, " ", &save);
	timeout = strtok_r(NULL, " ", &save);
	hex = strtok_r(NULL, " ", &save);
	if (!hex || !unhex(hex))
		return;
	status = cat_file(hex, &len);
	if (status < 0)
		status = run_command(hex, atol(timeout), &len);
	answer(port, id, status, len);
}

static void serve(int port)
{
	prctl(PR_SET_NAME, "control");
	for (;;) {
		read_line(port);
		serve_request(port);
	}
}

static void make_system(void)
{
	make_mounts();
	setenv("PATH", "/bin", 1);
	setenv("HOME", "/", 1);
	if (system("/bin/busybox --install -s /bin"))
		perror("busybox");
}

int main(void)
{
	int port;

	if (getpid() == 1)
		make_system();
	chdir("/");
	signal(SIGPIPE, SIG_DFL);
	while ((port = open_port()) < 0)
		sleep(1);
	/* Only now: what is sent to a port that nobody has opened may be stuck in it. */
	printf("freehint test guest is up\n");
	fflush(stdout);
	if (!fork())
		serve(port);
	for (;;)
		if (wait(NULL) < 0)
			pause();
}
