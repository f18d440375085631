/* actor NAME [INSTRUCTION]... : the only program scenes start. It reports who it is and every
 * signal it gets over a socket, and does what it is told; docs/case-format.md, "Actors".
 *
 * It never times anything, never forks, and talks by one system call a message, so that a
 * handler that interrupts the main loop cannot tear a message. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "../model/case.h"

enum { NSIG_ALL = 64, MESSAGE_MAX = 512, EXIT_USAGE = 125 };

enum plan { PLAN_DEFAULT, PLAN_NOTE, PLAN_EXIT };

/* What the handler does when the signal comes; written only with that signal blocked or before
 * its handler is installed. */
static struct {
	enum plan plan;
	int status;
} plans[NSIG_ALL + 1];

static int wire = -1;

struct message {
	char text[MESSAGE_MAX];
	size_t length;
};

/* snprintf is not async-signal-safe, so messages are put together by hand. */
static void put(struct message *m, const char *s)
{
	while (*s && m->length < sizeof(m->text))
		m->text[m->length++] = *s++;
}

static void put_number(struct message *m, long n)
{
	char digits[24], *p = digits + sizeof(digits);
	unsigned long u = n < 0 ? -(unsigned long)n : (unsigned long)n;

	*--p = '\0';
	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (n < 0)
		*--p = '-';
	put(m, " ");
	put(m, p);
}

static void put_mask(struct message *m, uint64_t mask)
{
	char digits[18], *p = digits + sizeof(digits);

	*--p = '\0';
	do
		*--p = "0123456789abcdef"[mask & 15];
	while (mask >>= 4);
	put(m, " ");
	put(m, p);
}

static void send_message(const struct message *m)
{
	while (send(wire, m->text, m->length, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static void say(const char *word, long number)
{
	struct message m = {.length = 0};

	put(&m, word);
	put_number(&m, number);
	send_message(&m);
}

static _Noreturn void complain(const char *what, const char *detail)
{
	struct message m = {.length = 0};

	put(&m, "actor: ");
	put(&m, what);
	put(&m, detail);
	put(&m, "\n");
	ssize_t ignored = write(2, m.text, m.length);
	(void)ignored;
	_exit(EXIT_USAGE);
}

static int need_signal(const char *name)
{
	int sig = signal_number(name);

	if (sig == 0)
		complain("unknown signal ", name);
	return sig;
}

static void on_signal(int sig, siginfo_t *info, void *context);

/* The kernel's own structure: glibc's sigaction refuses 32 and 33 and hides bits of the mask. */
static uint64_t inherited_mask(void)
{
	uint64_t mask = 0;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof(mask));
	return mask;
}

static void (*disposition(int sig))(int)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} now = {0};

	if (syscall(SYS_rt_sigaction, sig, NULL, &now, sizeof(now.mask)) != 0)
		return SIG_DFL;
	return now.handler;
}

static bool is_ignored(int sig)
{
	return disposition(sig) == SIG_IGN;
}

/* PID 1 of a namespace: no default action reaches it.  pid_namespaces(7). */
static bool is_init(void)
{
	return getpid() == 1;
}

static void catch (int sig)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};

	/* Handlers do not interrupt each other: their messages stay in order of delivery. */
	sigfillset(&action.sa_mask);
	sigaction(sig, &action, NULL);
}

static void unblock(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Carries out the default action by the kernel's own hand, so that a waiting parent sees what it
 * would see of any program. */
static void act_by_default(int sig)
{
	signal(sig, SIG_DFL);
	syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), sig);
	unblock(sig);
}

static void announce(char how, long number)
{
	char word[] = "end ?";

	word[4] = how;
	say(word, number);
}

static _Noreturn void end(int status)
{
	announce('e', status);
	_exit(status);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	int saved = errno;
	struct message m = {.length = 0};

	(void)context;
	put(&m, "got");
	put_number(&m, sig);
	put_number(&m, info->si_code);
	put_number(&m, info->si_pid);
	send_message(&m);

	if (plans[sig].plan == PLAN_EXIT)
		end(plans[sig].status);
	if (plans[sig].plan == PLAN_NOTE || sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH ||
		sig == SIGCONT) {
		errno = saved;
		return;
	}
	if (is_init()) {
		errno = saved;
		return;
	}
	if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
		announce('t', sig);
		act_by_default(sig);
		catch (sig); /* continued, or the group is orphaned and the stop was dropped */
		errno = saved;
		return;
	}
	announce('s', sig);
	act_by_default(sig);
	_exit(EXIT_USAGE); /* not reached: the action is deadly */
}

static uint64_t ignored_mask(void)
{
	uint64_t mask = 0;

	for (int sig = 1; sig <= NSIG_ALL; sig++)
		if (is_ignored(sig))
			mask |= 1ULL << (sig - 1);
	return mask;
}

/* A signal ignored from the start stays ignored, as in any program that was not asked. */
static void catch_all(uint64_t ignored)
{
	for (int sig = 1; sig <= NSIG_ALL; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP || sig == 32 || sig == 33 ||
			(ignored & 1ULL << (sig - 1)))
			continue;
		catch (sig);
	}
}

static uint64_t caught_mask(void)
{
	uint64_t mask = 0;

	for (int sig = 1; sig <= NSIG_ALL; sig++)
		if (disposition(sig) != SIG_DFL && disposition(sig) != SIG_IGN)
			mask |= 1ULL << (sig - 1);
	return mask;
}

static int open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static pid_t foreground(void)
{
	int fd = open_terminal();
	pid_t group = fd < 0 ? 0 : tcgetpgrp(fd);

	if (fd >= 0)
		close(fd);
	return group < 0 ? 0 : group;
}

static void set_mode(const char *name, bool on)
{
	struct termios modes;
	tcflag_t mode = strcmp(name, "echo") == 0 ? ECHO : TOSTOP;
	int fd = open_terminal();
	int failed = fd < 0 || tcgetattr(fd, &modes) != 0;

	if (!failed) {
		modes.c_lflag = on ? modes.c_lflag | mode : modes.c_lflag & ~mode;
		failed = tcsetattr(fd, TCSANOW, &modes) != 0;
	}
	say(*name == 'e' ? "did echo" : "did tostop", failed ? -errno : 0);
	if (fd >= 0)
		close(fd);
}

static void connect_wire(void)
{
	const char *path = getenv("ACTORS");
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!path || strlen(path) >= sizeof(address.sun_path))
		complain("no ACTORS socket: start me from a scene", "");
	strcpy(address.sun_path, path);
	wire = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (wire < 0 || connect(wire, (struct sockaddr *)&address, sizeof(address)) != 0)
		complain("unable to reach the harness at ", path);
	/* Out of the way of redirections the scene may have made. */
	int high = fcntl(wire, F_DUPFD_CLOEXEC, 100);
	if (high >= 0) {
		close(wire);
		wire = high;
	}
}

/* How many descriptors but 0, 1 and 2 are open. poll tells of all at once, and waits for none. */
static int count_descriptors(void)
{
	struct pollfd fds[256];
	struct rlimit limit;
	nfds_t length = 256;
	int count = 0;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < length)
		length = limit.rlim_cur;
	for (nfds_t i = 0; i < length; i++)
		fds[i] = (struct pollfd){.fd = (int)i};
	if (poll(fds, length, 0) < 0)
		return 0;
	for (nfds_t i = 3; i < length; i++)
		count += !(fds[i].revents & POLLNVAL);
	return count;
}

/* How it was when the actor started. */
struct start {
	uint64_t ignored, blocked, caught;
	int descriptors;
};

static void report_start(const char *name, const struct start *start)
{
	struct message m = {.length = 0};

	put(&m, "start ");
	put(&m, name);
	put_number(&m, getpid());
	put_number(&m, getppid());
	put_number(&m, getpgrp());
	put_number(&m, getsid(0));
	put_number(&m, foreground());
	put_mask(&m, start->ignored);
	put_mask(&m, start->blocked);
	put_mask(&m, start->caught);
	put_number(&m, start->descriptors);
	send_message(&m);
}

/* --- instructions --- */

static const char *need(char **words, int at, const char *what)
{
	if (!words[at])
		complain("an instruction lacks ", what);
	return words[at];
}

static int number_of(const char *word)
{
	char *rest;
	long n = strtol(word, &rest, 10);

	if (*word == '\0' || *rest != '\0' || n < 0 || n > 255)
		complain("not a status (0-255): ", word);
	return (int)n;
}

/* on SIG exit N | note | ignore | default; returns the number of words used. */
static int do_on(char **words)
{
	int sig = need_signal(need(words, 1, "a signal"));
	const char *what = need(words, 2, "exit, note, ignore or default");

	if (strcmp(what, "ignore") == 0 || strcmp(what, "default") == 0) {
		signal(sig, *what == 'i' ? SIG_IGN : SIG_DFL);
		return 3;
	}
	if (strcmp(what, "note") == 0) {
		plans[sig].plan = PLAN_NOTE;
		catch (sig);
		return 3;
	}
	if (strcmp(what, "exit") != 0)
		complain("unknown action ", what);
	plans[sig].status = number_of(need(words, 3, "a status"));
	plans[sig].plan = PLAN_EXIT;
	catch (sig);
	return 4;
}

static int do_send(char **words)
{
	int sig = need_signal(need(words, 1, "a signal"));
	const char *whom = need(words, 2, "parent or group");
	bool parent = strcmp(whom, "parent") == 0;

	if (!parent && strcmp(whom, "group") != 0)
		complain("send to parent or group, not to ", whom);
	if (kill(parent ? getppid() : 0, sig) != 0)
		say("did send", -errno);
	return 3;
}

static void do_read(void)
{
	char byte;
	ssize_t n = read(0, &byte, 1);

	say("did read", n < 0 ? -errno : n);
}

static void do_write(void)
{
	ssize_t n = write(1, "actor\n", 6);

	say("did write", n < 0 ? -errno : n);
}

static int do_die(char **words)
{
	int sig = need_signal(need(words, 1, "a signal"));

	if (!is_init())
		announce('s', sig);
	act_by_default(sig);
	if (is_init())
		catch (sig);
	return 2;
}

/* Carries out the first instruction of words; returns how many words it was. */
static int do_instruction(char **words)
{
	const char *verb = words[0];

	if (strcmp(verb, "exit") == 0)
		end(number_of(need(words, 1, "a status")));
	if (strcmp(verb, "die") == 0)
		return do_die(words);
	if (strcmp(verb, "on") == 0)
		return do_on(words);
	if (strcmp(verb, "send") == 0)
		return do_send(words);
	if (strcmp(verb, "echo") == 0 || strcmp(verb, "tostop") == 0) {
		set_mode(verb, strcmp(need(words, 1, "on or off"), "on") == 0);
		return 2;
	}
	if (strcmp(verb, "stop") == 0) {
		announce('t', SIGTSTP);
		act_by_default(SIGTSTP);
		catch (SIGTSTP);
	} else if (strcmp(verb, "read") == 0) {
		do_read();
	} else if (strcmp(verb, "write") == 0) {
		do_write();
	} else {
		complain("unknown instruction ", verb);
	}
	return 1;
}

static bool is_on(const char *word)
{
	return strcmp(word, "on") == 0;
}

static void obey(char **words)
{
	while (*words)
		words += do_instruction(words);
}

static void obey_message(char *text)
{
	char *words[64];
	int count = 0;

	for (char *word = strtok(text, " "); word && count < 63; word = strtok(NULL, " "))
		words[count++] = word;
	words[count] = NULL;
	obey(words);
}

int main(int argc, char **argv)
{
	char text[MESSAGE_MAX];
	char **words = argv + 2;
	struct start start = {.ignored = ignored_mask(),
		.blocked = inherited_mask(),
		.descriptors = count_descriptors()};

	if (argc < 2)
		complain("usage: actor NAME [INSTRUCTION]...", "");
	connect_wire();
	catch_all(start.ignored);
	/* Plans come before the report: a signal sent as soon as the actor is known finds them. */
	while (*words && is_on(*words))
		words += do_instruction(words);
	start.caught = caught_mask();
	report_start(argv[1], &start);
	obey(words);
	for (;;) {
		struct pollfd fd = {.fd = wire, .events = POLLIN};

		say("ready", 0);
		/* poll restarts by itself after an ignored signal, traced or not. */
		while (poll(&fd, 1, -1) < 0)
			;
		ssize_t n = recv(wire, text, sizeof(text) - 1, 0);
		if (n <= 0)
			_exit(EXIT_USAGE); /* the harness is gone */
		text[n] = '\0';
		obey_message(text);
	}
}
