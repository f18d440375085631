#include "version.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>

#include "../model/text.h"

enum { TEXT_MAX = 512, PATIENCE_MS = 5000, PROBE_MS = 20000 };

/* 'errors' -1: nobody wants to read them. */
static _Noreturn void become(const char *file, char *const *argv, int output, int errors)
{
	/* A home where nothing can be made: fish makes what is missing, even /nonexistent. */
	char *const env[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C", "HOME=/dev/null", NULL};
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* ^C while we wait for its answer */
	setpgid(0, 0);                    /* killed as a whole when it does not answer */
	if (null >= 0)
		dup2(null, 0);
	if (null >= 0 || errors >= 0)
		dup2(errors >= 0 ? errors : null, 2);
	dup2(output, 1);
	execvpe(file, argv, env);
	_exit(127);
}

/* Reads at most one buffer; a program that prints more, or never ends, is not waited for. */
static size_t read_answer(int fd, char *text)
{
	size_t length = 0;

	while (length < TEXT_MAX - 1) {
		struct pollfd poller = {.fd = fd, .events = POLLIN};
		if (poll(&poller, 1, PATIENCE_MS) <= 0)
			break;
		ssize_t n = read(fd, text + length, TEXT_MAX - 1 - length);
		if (n <= 0)
			break;
		length += (size_t)n;
		if (memchr(text, '\n', length))
			break;
	}
	return length;
}

/* The text up to the first line's end, fit to be printed. */
static void keep_line(char *text, size_t length)
{
	text[length] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	for (char *c = text; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
}

static void end(pid_t pid, int *status)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL); /* it may not have got to its setpgid() yet */
	waitpid(pid, status, 0);
}

/* The first line a program prints, or NULL. */
static char *first_line(const void *parent, const char *file, char *const *argv, bool with_errors)
{
	int fds[2];
	char text[TEXT_MAX];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return NULL;
	pid_t pid = fork();
	if (pid == 0)
		become(file, argv, fds[1], with_errors ? fds[1] : -1);
	close(fds[1]);
	size_t length = pid > 0 ? read_answer(fds[0], text) : 0;
	close(fds[0]);
	if (pid > 0)
		end(pid, NULL);
	keep_line(text, length);
	return *text ? talloc_strdup(parent, text) : NULL;
}

static char *ask_shell(struct shell *shell)
{
	bool link = shell->kind != SUBJECT_SHELL;
	const char **words;
	char *argv[32];
	size_t count = 0;

	if (!shell->version_text)
		return NULL;
	/* A multi-call program must be called by the shell's name to be that shell. */
	argv[count++] = (char *)(shell->argv0 ? shell->argv0 : shell->file);
	if (link) {
		words = words_split(shell, shell->version_text);
		for (size_t i = 0; words[i] && count < 31; i++)
			argv[count++] = (char *)words[i];
	} else {
		for (size_t i = 0; shell->options && shell->options[i] && count < 28; i++)
			argv[count++] = (char *)shell->options[i];
		argv[count++] = "-c";
		argv[count++] = (char *)shell->version_text;
	}
	argv[count] = NULL;
	/* Some inits tell it as if it were an error. */
	return first_line(shell, shell->file, argv, link);
}

static char *ask_packages(struct shell *shell)
{
	char *argv[] = {"dpkg-query", "-W", "-f", "${Version}", (char *)shell->package, NULL};
	char *version = shell->package ? first_line(shell, argv[0], argv, false) : NULL;

	return version ? talloc_asprintf(shell, "package %s %s", shell->package, version) : NULL;
}

/* True once the process has ended. */
static bool has_ended(pid_t pid, int patience_ms)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	bool ended = fd >= 0 && poll(&poller, 1, patience_ms) > 0;

	if (fd >= 0)
		close(fd);
	return ended;
}

static char *how_it_went(const void *parent, bool ended, int status)
{
	if (!ended)
		return talloc_asprintf(parent, "no end within %d seconds", PROBE_MS / 1000);
	if (WIFSIGNALED(status))
		return talloc_asprintf(parent, "killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return talloc_asprintf(parent, "status %d", WEXITSTATUS(status));
	return NULL;
}

/* Why the link cannot run here, in the words of the program that was asked, or NULL. Its output
 * goes to a file: it need not be read in time, and whoever inherits it keeps nobody waiting. */
static char *probe(const void *parent, char *const *argv)
{
	char text[TEXT_MAX];
	int status = 0, fd = memfd_create("probe", MFD_CLOEXEC);

	if (fd < 0)
		return talloc_asprintf(parent, "unable to ask: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		become(argv[0], argv, fd, fd);
	bool ended = pid > 0 && has_ended(pid, PROBE_MS);
	if (pid > 0)
		end(pid, &status);
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	keep_line(text, n > 0 ? (size_t)n : 0);
	char *why = how_it_went(parent, ended, status);
	return why && *text ? talloc_asprintf(parent, "%s: %s", why, text) : why;
}

/* The first that fails is the reason. */
static void ask_probes(struct shell *link)
{
	const char *why = NULL;
	size_t i = 0;

	for (; link->probes[i] && !why; i++)
		why = probe(link, (char *const *)words_split(link, link->probes[i]));
	if (!why)
		return;
	link->missing = talloc_asprintf(link, "%s cannot run here: '%s' says: %s%s", link->name,
		link->probes[i - 1], why,
		geteuid() == 0 ? "" : " (to an ordinary user; root may be able to)");
	link->file = NULL;
}

void version_read(struct shell *shell)
{
	if (shell->file)
		ask_probes(shell);
	if (!shell->file)
		return;
	const char *version = ask_shell(shell);
	if (!version)
		version = ask_packages(shell);
	shell->version = version ? version : "unknown";
}
