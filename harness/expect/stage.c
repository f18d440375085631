/* stage OPTION...: sets one scene of the second driver and is its hands.
 *
 * Three processes: this one stays outside and does what Tcl cannot do (kill, poll a terminal)
 * when a line on standard input says so; the silent parent is PID 1 of a PID namespace, reports
 * what it waits for into the FIFO that marks go into; its child becomes the shell (or link), in the
 * same namespace or, as PID 1, in one of its own. When standard input ends, all of it ends.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_WORDS = 256, LINE = 256, MAX_HELD = 4096 };

/* Of linux/pidfd.h, since Linux 6.15; Debian 12 has older headers. */
struct exit_info {
	unsigned long long mask, control_group;
	unsigned int numbers[11];
	int status;
};

enum { EXIT_INFO = 1 << 3 };

#define GET_EXIT_INFO _IOWR(0xFF, 11, struct exit_info)

struct stage {
	const char *slave, *session, *events, *input, *directory;
	unsigned long long ignored, blocked;
	char *env[MAX_WORDS], *argv[MAX_WORDS];
};

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "stage: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1 || write(fd, text, strlen(text)) == -1)
		give_up(path);
	close(fd);
}

static void enter_namespaces(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (uid == 0) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) == -1)
			give_up("unshare");
		return;
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) == -1)
		give_up("unshare");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	write_file("/proc/self/gid_map", map);
}

/* --- the shell --- */

static void take_terminal(const struct stage *s)
{
	int fd = open(s->slave, O_RDWR | O_NOCTTY);

	if (fd == -1 || ioctl(fd, TIOCSCTTY, 0) == -1)
		give_up("terminal");
	close(fd);
}

static void set_descriptors(const struct stage *s)
{
	int fd = open(s->slave ? s->slave : "/dev/null", O_RDWR | O_NOCTTY);

	if (fd == -1)
		give_up("descriptors");
	for (int i = 0; i < 3; i++)
		if (i != fd)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
	if (!s->input)
		return;
	int ends[2], text = open(s->input, O_RDONLY | O_CLOEXEC);
	char buffer[65536];
	ssize_t n = text == -1 ? -1 : read(text, buffer, sizeof(buffer));
	if (n == -1 || pipe(ends) == -1)
		give_up("input");
	/* A file has at most 65536 bytes, and so has a pipe. */
	if (write(ends[1], buffer, (size_t)n) != n)
		give_up("input");
	close(text);
	close(ends[1]);
	dup2(ends[0], 0);
	close(ends[0]);
}

static void set_signals(const struct stage *s)
{
	unsigned long long blocked = s->blocked;

	for (int sig = 1; sig <= 64; sig++) {
		struct {
			void *handler;
			unsigned long flags;
			void *restorer;
			unsigned long long mask;
		} action = {.handler = (void *)(s->ignored >> (sig - 1) & 1 ? SIG_IGN : SIG_DFL)};
		syscall(SYS_rt_sigaction, sig, &action, NULL, 8);
	}
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, 8);
}

/* 8 MiB, or what we are allowed. */
static void set_stack_limit(void)
{
	struct rlimit now, want = {8 << 20, 8 << 20};

	getrlimit(RLIMIT_STACK, &now);
	if (now.rlim_max >= want.rlim_cur)
		want.rlim_max = now.rlim_max;
	if (setrlimit(RLIMIT_STACK, &want) == -1) {
		now.rlim_cur = now.rlim_max;
		setrlimit(RLIMIT_STACK, &now);
	}
}

/* Actors compare it with their own: in a deeper PID namespace they must ask who they are. */
static void note_namespace(const struct stage *s)
{
	char path[4096], text[32];
	struct stat namespace = {0};
	int n, fd;

	if (stat("/proc/self/ns/pid", &namespace) == -1)
		return;
	snprintf(path, sizeof(path), "%.*s/namespace", (int)(strrchr(s->events, '/') - s->events),
		s->events);
	n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)namespace.st_ino);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, text, (size_t)n) != n)
		give_up(path);
	close(fd);
}

/* The number the shell has in the scene, or -errno: it could not be made PID 1. */
static void say_hello(int hello, int number)
{
	if (write(hello, &number, sizeof(number)) == -1 || number < 0)
		_exit(125);
}

static bool is_pid1(const struct stage *s)
{
	return strcmp(s->session, "pid1") == 0;
}

static _Noreturn void become_shell(const struct stage *s, int hello)
{
	struct rlimit none = {0, 0};
	bool leader = is_pid1(s) || strcmp(s->session, "leader") == 0;

	if (is_pid1(s) &&
		mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == -1)
		say_hello(hello, -errno);
	note_namespace(s);
	say_hello(hello, getpid());

	if (leader && setsid() == -1)
		give_up("setsid");
	if (leader && s->slave)
		take_terminal(s);
	if (!leader && strcmp(s->session, "shared") != 0)
		setpgid(0, 0);
	set_descriptors(s);
	/* All signals are still blocked: no SIGTTOU. */
	if (s->slave && strcmp(s->session, "member") == 0) {
		int fd = open(s->slave, O_RDWR | O_NOCTTY);
		if (fd == -1 || tcsetpgrp(fd, getpid()) == -1)
			give_up("tcsetpgrp");
		close(fd);
	}
	if (chdir(s->directory) == -1)
		give_up(s->directory);
	setrlimit(RLIMIT_CORE, &none);
	set_stack_limit();
	syscall(SYS_close_range, 3, ~0U, 0);
	set_signals(s);
	execve(s->argv[0], s->argv, s->env);
	_exit(127);
}

/* --- the silent parent --- */

static void tell(int events, pid_t pid, const char *who, const siginfo_t *info)
{
	char line[LINE];
	const char *word = info->si_code == CLD_EXITED      ? "exit"
			   : info->si_code == CLD_STOPPED   ? "stopped"
			   : info->si_code == CLD_CONTINUED ? "continued"
							    : "killed";
	int n = snprintf(line, sizeof(line), "\001%s %d %s %d\n", who, pid, word, info->si_status);

	if (write(events, line, (size_t)n) == -1)
		_exit(125);
}

static _Noreturn void be_parent(const struct stage *s, int hello)
{
	sigset_t all;
	pid_t shell;
	int events = open(s->events, O_WRONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (events == -1)
		give_up(s->events);
	/* Links mount things: nothing of it may get out. */
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		give_up("mount --make-rprivate /");
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	setsid();
	if (s->slave && !is_pid1(s) && strcmp(s->session, "leader") != 0)
		take_terminal(s);
	if (is_pid1(s) && unshare(CLONE_NEWPID | CLONE_NEWNS) == -1)
		say_hello(hello, -errno);
	shell = fork();
	if (shell == -1)
		give_up("fork");
	if (shell == 0)
		become_shell(s, hello);
	/* Nobody may hear us through these, nor wait for their end. */
	close(0);
	close(1);
	close(hello);
	for (;;) {
		siginfo_t info = {0};

		if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED) == -1) {
			if (errno == ECHILD)
				pause();
			continue;
		}
		tell(events, info.si_pid, info.si_pid == shell ? "s" : "o", &info);
	}
}

/* --- the hands --- */

static int open_terminal(const struct stage *s)
{
	return s->slave ? open(s->slave, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
}

/* poll(2) makes the line discipline take what was typed: without it a worker of the kernel does,
 * at its leisure. Answers: modes, bytes of unread input, bytes of unread output. */
static void answer_barrier(int terminal)
{
	struct pollfd fd = {.fd = terminal, .events = POLLIN};
	struct termios modes;
	int unread = 0;

	poll(&fd, 1, 0);
	if (fd.revents & POLLHUP || tcgetattr(terminal, &modes) == -1) {
		puts("gone");
		return;
	}
	ioctl(terminal, FIONREAD, &unread);
	printf("ok %d %d %d %d\n", !!(modes.c_lflag & ECHO), !!(modes.c_lflag & ICANON),
		!!(modes.c_lflag & ISIG), unread || fd.revents & POLLIN);
}

/* By its number: of a descriptor from another mount namespace the name says nothing. */
static bool is_terminal(int directory, const char *descriptor)
{
	enum { FIRST = 136, LAST = 143 }; /* /dev/pts; devices.txt of the kernel */
	struct stat status;

	return fstatat(directory, descriptor, &status, 0) == 0 && S_ISCHR(status.st_mode) &&
	       major(status.st_rdev) >= FIRST && major(status.st_rdev) <= LAST;
}

/* The same as the barrier for terminals that a process of the scene has made: poll(2) on whatever
 * terminals the process has open. Answers how many there were. The /proc is the one from outside:
 * the scene's own, which covers it, knows other numbers. */
static int flush_terminals(int proc, pid_t pid)
{
	char path[64];
	int flushed = 0, process = (int)syscall(SYS_pidfd_open, pid, 0);
	const struct dirent *entry;

	snprintf(path, sizeof(path), "%d/fd", pid);
	int place = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = place == -1 ? NULL : fdopendir(place);
	while (directory && (entry = readdir(directory))) {
		if (!is_terminal(dirfd(directory), entry->d_name))
			continue;
		int fd = (int)syscall(SYS_pidfd_getfd, process, atoi(entry->d_name), 0);
		struct pollfd end = {.fd = fd, .events = POLLIN};
		if (fd == -1)
			continue;
		poll(&end, 1, 0);
		close(fd);
		flushed++;
	}
	if (directory)
		closedir(directory);
	if (process != -1)
		close(process);
	return flushed;
}

/* Processes whose ends we may be asked for: the kernel tells how a process ended after somebody has
 * waited for it, too, but only through a pidfd that was there before. */
struct held {
	int pid, descriptor;
};

static int hold(struct held *held, size_t *count, int pid)
{
	int descriptor = *count < MAX_HELD ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (descriptor == -1)
		return 0;
	held[(*count)++] = (struct held){pid, descriptor};
	return 1;
}

/* The status as wait(2) gives it, or -1: not held, not ended, or an older kernel. */
static int end_of(struct held *held, size_t *count, int pid)
{
	struct exit_info info = {.mask = EXIT_INFO};
	int status = -1;

	for (size_t i = 0; i < *count; i++) {
		if (held[i].pid != pid)
			continue;
		if (ioctl(held[i].descriptor, GET_EXIT_INFO, &info) == 0 && info.mask & EXIT_INFO)
			status = info.status;
		close(held[i].descriptor);
		held[i] = held[--*count];
		break;
	}
	return status;
}

static void serve(int terminal, int proc)
{
	static struct held held[MAX_HELD];
	size_t count = 0;
	char line[LINE];

	while (fgets(line, sizeof(line), stdin)) {
		int a, b;

		if (sscanf(line, "kill %d %d", &a, &b) == 2)
			printf("%d\n", kill(b, a) == -1 ? errno : 0);
		else if (strcmp(line, "barrier\n") == 0)
			answer_barrier(terminal);
		else if (sscanf(line, "hold %d", &a) == 1)
			printf("%d\n", hold(held, &count, a));
		else if (sscanf(line, "end %d", &a) == 1)
			printf("%d\n", end_of(held, &count, a));
		else if (sscanf(line, "flush %d", &a) == 1)
			printf("%d\n", flush_terminals(proc, a));
		else if (sscanf(line, "size %d %d", &a, &b) == 2) {
			struct winsize size = {
				.ws_row = (unsigned short)a, .ws_col = (unsigned short)b};
			printf("%d\n", ioctl(terminal, TIOCSWINSZ, &size) == -1 ? errno : 0);
		} else
			puts("what?");
		fflush(stdout);
	}
}

/* Words that end with NUL: those of the environment, an empty one, those of the command. */
static bool read_words(struct stage *s, const char *path)
{
	char *word, *text = calloc(1, 1 << 20);
	int fd = open(path, O_RDONLY | O_CLOEXEC), n = 0;
	ssize_t length = fd == -1 || !text ? -1 : read(fd, text, (1 << 20) - 1);

	if (length == -1)
		give_up(path);
	close(fd);
	for (word = text; *word && n < MAX_WORDS - 1; word += strlen(word) + 1)
		s->env[n++] = word;
	n = 0;
	for (word++; word < text + length && n < MAX_WORDS - 1; word += strlen(word) + 1)
		s->argv[n++] = word;
	return n > 0;
}

static bool parse(struct stage *s, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+t:s:e:i:d:I:B:w:")) != -1) {
		switch (option) {
		case 't':
			s->slave = optarg;
			break;
		case 's':
			s->session = optarg;
			break;
		case 'e':
			s->events = optarg;
			break;
		case 'i':
			s->input = optarg;
			break;
		case 'd':
			s->directory = optarg;
			break;
		case 'I':
			s->ignored = strtoull(optarg, NULL, 16);
			break;
		case 'B':
			s->blocked = strtoull(optarg, NULL, 16);
			break;
		case 'w':
			if (!read_words(s, optarg))
				return false;
			break;
		default:
			return false;
		}
	}
	return s->argv[0] && s->session && s->events && s->directory;
}

int main(int argc, char **argv)
{
	struct stage s = {0};
	int hello[2], shell;
	pid_t parent;

	if (!parse(&s, argc, argv)) {
		fputs("stage: this is a part of sigmatrix's second driver\n", stderr);
		return 125;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	/* The terminal's other end must not live on here when Expect closes it. */
	syscall(SYS_close_range, 3, ~0U, 0);
	int terminal = open_terminal(&s);
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	if (s.slave && ioctl(terminal, TIOCSWINSZ, &size) == -1)
		give_up(s.slave);
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enter_namespaces();
	if (pipe2(hello, O_CLOEXEC) == -1 || (parent = fork()) == -1)
		give_up("fork");
	if (parent == 0) {
		close(hello[0]);
		be_parent(&s, hello[1]);
	}
	close(hello[1]);
	if (read(hello[0], &shell, sizeof(shell)) != sizeof(shell))
		return 125;
	if (shell < 0) {
		printf("no pid1 %s\n", strerror(-shell));
		return 0;
	}
	printf("parent %d shell %d\n", parent, shell);
	fflush(stdout);
	serve(terminal, proc);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	return 0;
}
