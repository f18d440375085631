#include "version.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>

enum { TEXT_MAX = 512, PATIENCE_MS = 5000 };

static _Noreturn void become(const char *file, char *const *argv, int output)
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
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 2);
	}
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

/* The first line a program prints, or NULL. */
static char *first_line(const void *parent, const char *file, char *const *argv)
{
	int fds[2];
	char text[TEXT_MAX];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return NULL;
	pid_t pid = fork();
	if (pid == 0)
		become(file, argv, fds[1]);
	close(fds[1]);
	size_t length = pid > 0 ? read_answer(fds[0], text) : 0;
	close(fds[0]);
	if (pid > 0) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL); /* it may not have got to its setpgid() yet */
		waitpid(pid, NULL, 0);
	}
	text[length] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	for (char *c = text; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	return *text ? talloc_strdup(parent, text) : NULL;
}

static char *ask_shell(struct shell *shell)
{
	char *argv[32];
	size_t count = 0;

	if (!shell->version_text)
		return NULL;
	/* A multi-call program must be called by the shell's name to be that shell. */
	argv[count++] = (char *)(shell->argv0 ? shell->argv0 : shell->file);
	for (size_t i = 0; shell->options && shell->options[i] && count < 28; i++)
		argv[count++] = (char *)shell->options[i];
	argv[count++] = "-c";
	argv[count++] = (char *)shell->version_text;
	argv[count] = NULL;
	return first_line(shell, shell->file, argv);
}

static char *ask_packages(struct shell *shell)
{
	char *argv[] = {"dpkg-query", "-W", "-f", "${Version}", (char *)shell->package, NULL};
	char *version = shell->package ? first_line(shell, argv[0], argv) : NULL;

	return version ? talloc_asprintf(shell, "package %s %s", shell->package, version) : NULL;
}

void version_read(struct shell *shell)
{
	if (!shell->file)
		return;
	const char *version = ask_shell(shell);
	if (!version)
		version = ask_packages(shell);
	shell->version = version ? version : "unknown";
}
