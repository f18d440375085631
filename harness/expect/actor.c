/* actor NAME [INSTRUCTION]... for the second driver: docs/case-format.md, "Actors". It shares
 * nothing with harness/actor. Every line it writes goes into the FIFO that marks go into, in one
 * write, so that marks and reports are in one order; instructions come through a FIFO of its own,
 * $ACTORS/PID. Lines begin with \001, which no mark does:
 *
 *	\001d FIFO FD    asks for its number: it is in a deeper PID namespace than the scene
 *	\001a NAME PID start PPID PGID SID TPGID IGNORED BLOCKED    (masks in hexadecimal digits)
 *	\001a NAME PID ready | got SIG CODE PID | exit N | die SIG | stopping SIG | unstopped
 *	| resumed | sent SIG parent|group PID | quiet SIG | read N | failed ERRNO READ|WRITE | odd
 *TEXT
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

enum { SIGNALS = 65, LINE = 512, HIGH = 40 };

enum answer { BY_DEFAULT, LEAVE, NOTE };

/* Handlers need these. The name is cut so that a line stays one atomic write. */
static char name[100];
static int reports = -1;
static volatile sig_atomic_t answers[SIGNALS], statuses[SIGNALS];

/* Only what may be called in a handler: no stdio. Words are strings (NULL ends them). */
static void report(const char *first, ...)
{
	char line[LINE];
	size_t n = 0;
	va_list words;

	va_start(words, first);
	for (const char *word = first; word; word = va_arg(words, const char *)) {
		size_t length = strlen(word);
		if (n + length + 2 > sizeof(line))
			break;
		memcpy(line + n, word, length);
		n += length;
		line[n++] = ' ';
	}
	va_end(words);
	line[n - 1] = '\n';
	while (write(reports, line, n) == -1 && errno == EINTR)
		;
}

struct number {
	char digits[24];
};

static const char *put_number(struct number *out, long value)
{
	unsigned long rest = value < 0 ? -(unsigned long)value : (unsigned long)value;
	char *p = out->digits + sizeof(out->digits);

	*--p = '\0';
	do {
		*--p = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		*--p = '-';
	return p;
}

static struct number own;
static const char *own_pid;
static bool is_pid1;

#define REPORT(...) report("\001a", name, own_pid, __VA_ARGS__, (char *)NULL)

static void set_action(int sig, void (*action)(int))
{
	struct sigaction sa = {.sa_handler = action};

	sigaction(sig, &sa, NULL);
}

static void set_blocked(int sig, int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(how, &set, NULL);
}

static void catch_signal(int sig);

static _Noreturn void leave(int status)
{
	struct number n;

	REPORT("exit", put_number(&n, status));
	_exit(status);
}

static void die(int sig)
{
	struct number n;
	sigset_t all;

	/* Nothing may come between the report and the death. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (!is_pid1)
		REPORT("die", put_number(&n, sig));
	set_action(sig, SIG_DFL);
	kill(getpid(), sig);
	set_blocked(sig, SIG_UNBLOCK);
	/* PID 1, or a signal whose default action is no death. */
	REPORT("odd", "survived");
}

/* Stops as the default action does. In an orphaned group that is nothing; whether it was is
 * seen by the SIGCONT that must have come since, which is blocked here. */
static void stop_by(int sig)
{
	struct number n;
	sigset_t all, before, pending;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	REPORT("stopping", put_number(&n, sig));
	set_action(sig, SIG_DFL);
	kill(getpid(), sig);
	set_blocked(sig, SIG_UNBLOCK);
	sigpending(&pending);
	if (sigismember(&pending, SIGCONT))
		REPORT("resumed");
	else
		REPORT("unstopped");
	if (answers[sig] != LEAVE || statuses[sig] != -1)
		catch_signal(sig);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void do_default(int sig)
{
	switch (sig) {
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
		return;
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		stop_by(sig);
		return;
	default:
		/* The first process of a namespace does not die by default actions. */
		if (!is_pid1)
			die(sig);
	}
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	struct number s, c, p;
	int error = errno;
	bool has_sender = info->si_code <= 0;

	(void)context;
	REPORT("got", put_number(&s, sig), put_number(&c, info->si_code),
		put_number(&p, has_sender ? info->si_pid : 0));
	if (answers[sig] == LEAVE)
		leave(statuses[sig]);
	if (answers[sig] == BY_DEFAULT)
		do_default(sig);
	errno = error;
}

static void catch_signal(int sig)
{
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigfillset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

/* The kernel's view: the C library hides signals 32 and 33. */
static unsigned long long ignored_mask(void)
{
	unsigned long long mask = 0;

	for (int sig = 1; sig < SIGNALS; sig++) {
		struct {
			void *handler;
			unsigned long flags;
			void *restorer;
			unsigned long long mask;
		} action = {0};
		if (syscall(SYS_rt_sigaction, sig, NULL, &action, 8) == 0 &&
			action.handler == (void *)SIG_IGN)
			mask |= 1ULL << (sig - 1);
	}
	return mask;
}

static unsigned long long blocked_mask(void)
{
	unsigned long long mask = 0;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	return mask;
}

static int high(int fd)
{
	int moved = fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

	if (fd != -1)
		close(fd);
	return moved;
}

static long foreground(void)
{
	int fd = high(open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK));
	long group = fd == -1 ? -1 : tcgetpgrp(fd);

	if (fd != -1)
		close(fd);
	return group;
}

static long others_open(void)
{
	long count = 0;

	for (int fd = 3; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

static void report_start(unsigned long long ignored, unsigned long long blocked, long others)
{
	struct number a, b, c, d, e;
	char masks[2][20];

	snprintf(masks[0], sizeof(masks[0]), "%llx", ignored);
	snprintf(masks[1], sizeof(masks[1]), "%llx", blocked);
	REPORT("start", put_number(&a, getppid()), put_number(&b, getpgrp()),
		put_number(&c, getsid(0)), put_number(&d, foreground()), masks[0], masks[1],
		put_number(&e, others));
}

static int signal_of(const char *word)
{
	static const char *const names[] = {"", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS",
		"FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
		"CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
		"WINCH", "IO", "PWR", "SYS"};

	for (int i = 1; i < 32; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	if (strncmp(word, "RTMIN", 5) == 0)
		return SIGRTMIN + atoi(word + 5);
	if (strncmp(word, "RTMAX", 5) == 0)
		return SIGRTMAX + atoi(word + 5);
	return atoi(word);
}

static const char *error_word(int error)
{
	return strerrorname_np(error);
}

static void set_terminal(tcflag_t flag, bool on)
{
	struct termios modes;
	int fd = high(open("/dev/tty", O_RDWR | O_NOCTTY));

	if (fd == -1 || tcgetattr(fd, &modes) == -1) {
		REPORT("odd", "terminal", error_word(errno));
	} else {
		modes.c_lflag = on ? modes.c_lflag | flag : modes.c_lflag & ~flag;
		if (tcsetattr(fd, TCSANOW, &modes) == -1)
			REPORT("odd", "tcsetattr", error_word(errno));
	}
	if (fd != -1)
		close(fd);
}

static void transfer(bool reading)
{
	char byte;
	struct number n;
	char line[sizeof(name) + 1];
	int length = snprintf(line, sizeof(line), "%s\n", name);
	ssize_t done = reading ? read(0, &byte, 1) : write(1, line, (size_t)length);

	if (done == -1)
		REPORT("failed", error_word(errno), reading ? "read" : "write");
	else
		REPORT("read", put_number(&n, done), reading ? "read" : "write");
}

static void send_signal(int sig, const char *whom)
{
	struct number s, p;
	bool group = strcmp(whom, "group") == 0;
	pid_t target = group ? getpgrp() : getppid();

	REPORT("sent", put_number(&s, sig), group ? "group" : "parent", put_number(&p, target));
	if (kill(group ? 0 : target, sig) == -1)
		REPORT("odd", "kill", error_word(errno));
}

static bool known(const char *word)
{
	return word != NULL;
}

/* Carries out the first instruction of the words; the number of words it took, 0 if unknown. */
static int obey(char **w)
{
	if (strcmp(w[0], "exit") == 0 && known(w[1]))
		leave(atoi(w[1]));
	if (strcmp(w[0], "die") == 0 && known(w[1])) {
		die(signal_of(w[1]));
		return 2;
	}
	if (strcmp(w[0], "stop") == 0) {
		stop_by(SIGTSTP);
		return 1;
	}
	if (strcmp(w[0], "send") == 0 && known(w[1]) && known(w[2])) {
		send_signal(signal_of(w[1]), w[2]);
		return 3;
	}
	if (strcmp(w[0], "on") == 0 && known(w[1]) && known(w[2])) {
		int sig = signal_of(w[1]);
		if (strcmp(w[2], "default") == 0) {
			struct number n;
			REPORT("quiet", put_number(&n, sig));
			set_action(sig, SIG_DFL);
			return 3;
		}
		if (strcmp(w[2], "ignore") == 0) {
			statuses[sig] = -1;
			answers[sig] = LEAVE;
			set_action(sig, SIG_IGN);
			return 3;
		}
		if (strcmp(w[2], "exit") == 0 && known(w[3])) {
			statuses[sig] = atoi(w[3]);
			answers[sig] = LEAVE;
		} else {
			answers[sig] = NOTE;
		}
		catch_signal(sig);
		return answers[sig] == NOTE ? 3 : 4;
	}
	if ((strcmp(w[0], "echo") == 0 || strcmp(w[0], "tostop") == 0) && known(w[1])) {
		set_terminal(w[0][0] == 'e' ? ECHO : TOSTOP, strcmp(w[1], "on") == 0);
		return 2;
	}
	if (strcmp(w[0], "read") == 0 || strcmp(w[0], "write") == 0) {
		transfer(w[0][0] == 'r');
		return 1;
	}
	REPORT("odd", "instruction", w[0]);
	return 0;
}

static void obey_all(char **words)
{
	while (*words) {
		int taken = obey(words);
		if (taken == 0)
			return;
		words += taken;
	}
}

static void obey_line(char *line)
{
	char *words[16], *rest = NULL;
	int n = 0;

	for (char *w = strtok_r(line, " ", &rest); w && n < 15; w = strtok_r(NULL, " ", &rest))
		words[n++] = w;
	words[n] = NULL;
	obey_all(words);
}

static _Noreturn void wait_for_orders(int orders)
{
	char line[LINE];
	size_t n = 0;

	for (;;) {
		struct pollfd fd = {.fd = orders, .events = POLLIN};
		char c;

		if (n == 0)
			REPORT("ready");
		if (poll(&fd, 1, -1) == -1)
			continue;
		while (read(orders, &c, 1) == 1) {
			if (c != '\n' && n < sizeof(line) - 1) {
				line[n++] = c;
				continue;
			}
			line[n] = '\0';
			n = 0;
			obey_line(line);
		}
	}
}

/* Whether our numbers are the scene's: is its PID namespace ours? */
static bool is_in_scene(const char *directory)
{
	char path[4096], text[32] = "";
	struct stat own_namespace;
	int fd;

	snprintf(path, sizeof(path), "%s/namespace", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd != -1)
		close(fd);
	return n > 0 && stat("/proc/self/ns/pid", &own_namespace) == 0 &&
	       strtoull(text, NULL, 10) == own_namespace.st_ino;
}

/* Opens the FIFO for what we are told: $ACTORS/PID, where the number is the scene's. */
static int open_orders(const char *directory, const char *file)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	if (mkfifo(path, 0600) == -1 && errno != EEXIST)
		return -1;
	return high(open(path, O_RDWR | O_NONBLOCK));
}

/* In a deeper namespace only those outside know our number; they find us by the FIFO we hold. */
static int ask_who_we_are(const char *directory)
{
	char path[4096], file[32];
	struct number descriptor;
	int orders, i = 0;

	do {
		snprintf(file, sizeof(file), "deep.%d", i++);
		snprintf(path, sizeof(path), "%s/%s", directory, file);
	} while (mkfifo(path, 0600) == -1 && errno == EEXIST);
	orders = open_orders(directory, file);
	if (orders == -1)
		return -1;
	report("\001d", file, put_number(&descriptor, orders), (char *)NULL);
	for (size_t n = 0; n < sizeof(own.digits) - 1;) {
		struct pollfd fd = {.fd = orders, .events = POLLIN};
		poll(&fd, 1, -1);
		if (read(orders, &own.digits[n], 1) != 1)
			continue;
		if (own.digits[n] == '\n') {
			own.digits[n] = '\0';
			own_pid = own.digits;
			return orders;
		}
		n++;
	}
	return -1;
}

int main(int argc, char **argv)
{
	unsigned long long ignored = ignored_mask(), blocked = blocked_mask();
	long others = others_open();
	const char *directory = getenv("ACTORS");
	char path[4096];
	int orders;

	if (argc < 2 || !directory)
		return 125;
	snprintf(name, sizeof(name), "%s", argv[1]);
	is_pid1 = getpid() == 1;
	own_pid = put_number(&own, getpid());
	snprintf(path, sizeof(path), "%s/events", directory);
	reports = high(open(path, O_WRONLY));
	if (reports == -1)
		return 125;
	orders = is_in_scene(directory) ? open_orders(directory, own_pid)
					: ask_who_we_are(directory);
	if (orders == -1)
		return 125;
	for (int sig = 1; sig < SIGNALS; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && !(ignored >> (sig - 1) & 1))
			catch_signal(sig);
	report_start(ignored, blocked, others);
	obey_all(argv + 2);
	wait_for_orders(orders);
}
