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
#define MAX_WORDS	16

static char request[MAX_REQUEST];
static char output[MAX_OUTPUT];
/* What signals are let through while it waits for a command: those that it came with. */
static sigset_t unblocked;

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
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
	setpgid(0, 0);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(out, 2);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static void on_child(int number)
{
	(void)number;
}

/* The end of a child interrupts ppoll() in wait_shell(), and nothing else. */
static void notice_children(void)
{
	struct sigaction action = { .sa_handler = on_child };
	sigset_t children;

	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, &unblocked);
}

/* Sleep until the command prints or ends, or time is up. */
static size_t await_shell(struct pollfd *wake, long ms, size_t len)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	if (ppoll(wake, 1, &left, &unblocked) <= 0)
		return len;
	len = drain(wake->fd, len);
	/* Nobody will write any more; only its end is waited for. */
	if (wake->revents & POLLHUP)
		wake->fd = -1;
	return len;
}

/* Wait for the shell, not for what it left in the background. */
static int wait_shell(pid_t pid, int fd, long timeout, size_t *len)
{
	struct pollfd wake = { .fd = fd, .events = POLLIN };
	long left, end = now_ms() + timeout;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		left = end - now_ms();
		if (left <= 0) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			*len = drain(fd, *len);
			return TIMED_OUT;
		}
		*len = await_shell(&wake, left, *len);
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

static void exec_program(const char *name, char **words)
{
	char log[64];

	snprintf(log, sizeof(log), "/run/%.32s.log", name);
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
	setsid();
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644), 1);
	dup2(1, 2);
	execvp(words[0], words);
	perror(words[0]);
	_exit(127);
}

/*
 * "spawn NAME PROGRAM ARGUMENT..." leaves a program running, without a shell for the same
 * reason: its output goes to /run/NAME.log, its number to /run/NAME.pid. Return: as above.
 */
static int spawn_program(char *command)
{
	char *words[MAX_WORDS + 1], path[64], *save, *name;
	FILE *file;
	int count = 0;
	pid_t pid;

	if (strncmp(command, "spawn ", 6))
		return -1;
	strtok_r(command, " ", &save);
	name = strtok_r(NULL, " ", &save);
	while (count < MAX_WORDS && (words[count] = strtok_r(NULL, " ", &save)))
		count++;
	words[count] = NULL;
	if (!count)
		return 2;
	pid = fork();
	if (!pid)
		exec_program(name, words);
	snprintf(path, sizeof(path), "/run/%.32s.pid", name);
	file = fopen(path, "w");
	if (pid < 0 || !file)
		return 126;
	fprintf(file, "%d\n", (int)pid);
	return fclose(file) ? 126 : 0;
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
		status = spawn_program(hex);
	if (status < 0)
		status = run_command(hex, atol(timeout), &len);
	answer(port, id, status, len);
}

static void serve(int port)
{
	prctl(PR_SET_NAME, "control");
	notice_children();
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
	/* A guest to which a command is dear comes with the names that it needs. */
	if (access("/bin/cat", X_OK) && system("/bin/busybox --install -s /bin"))
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
