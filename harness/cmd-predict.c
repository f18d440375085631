/* sigmatrix predict: what will become of a signal in a chain of programs, from what was measured.
 */
#include "cmd.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#include "model/diag.h"
#include "predict/predict.h"

static const char help[] =
	"Usage: sigmatrix predict [options] 'STAGE | STAGE | ... | job'\n"
	"\n"
	"Says from the measured matrices what becomes of a signal in a chain of programs, hop by\n"
	"hop, and which cell each statement rests on. Nothing is run; 'sigmatrix chain' measures\n"
	"the same. Examples:\n"
	"  sigmatrix predict 'dumb-init | bash script | python-run | job'\n"
	"  sigmatrix predict 'timeout | dash -c | job' --signal INT --to group\n"
	"  sigmatrix predict 'tini | bash trap | job handles' --pid1\n"
	"\n"
	"Each stage is started by the one before it:\n"
	"  LINK          an init or a wrapper, by its name ('sigmatrix list --links'); also words\n"
	"                of its title that only it has: 'python subprocess'\n"
	"  SHELL FORM    a shell ('sigmatrix list shells') that runs the next stage as\n"
	"                -c      its command string\n"
	"                script  a command of a script, something follows\n"
	"                last    the last line of a script\n"
	"                exec    exec, in a script\n"
	"                wait    COMMAND & wait\n"
	"                trap    the same, with a trap for the signal that sends it to $!, and\n"
	"                        a second wait\n"
	"  job           the last stage: no handler, the signal's default action\n"
	"  job handles   catches the signal, and exits with 0\n"
	"\n"
	"  --signal NAME       TERM by default\n"
	"  --to root|group|tty the first process, its process group, or the foreground group of\n"
	"                      its terminal, as ^C does (then INT by default) and ^\\\n"
	"  --pid1              the first process is PID 1 of its PID namespace\n"
	"  --links-results FILE, --results FILE\n"
	"                      results of links and of shells: by default results/links.json\n"
	"                      and results/matrix.json\n"
	"  --format text|json\n"
	"\n"
	"Exit status: 0 the chain is whole; 1 it is broken; 2 usage; 3 it cannot be told, as a\n"
	"cell that is needed was not measured or is in doubt.\n";

enum { OPT_SIGNAL = 256, OPT_TO, OPT_PID1, OPT_LINKS, OPT_RESULTS, OPT_FORMAT };

static const struct option options[] = {
	{"signal", required_argument, NULL, OPT_SIGNAL},
	{"to", required_argument, NULL, OPT_TO},
	{"pid1", no_argument, NULL, OPT_PID1},
	{"links-results", required_argument, NULL, OPT_LINKS},
	{"results", required_argument, NULL, OPT_RESULTS},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct wish {
	const char *links, *shells;
	bool json;
	struct plan plan;
};

static int set_signal(struct wish *wish, const char *word)
{
	int sig = signal_number(strncmp(word, "SIG", 3) == 0 ? word + 3 : word);

	if (sig <= 0)
		return usage_error(
			"predict", "--signal %s: a signal's name is needed, such as TERM", word);
	if (sig == SIGKILL || sig == SIGSTOP)
		return usage_error("predict", "nobody can pass %s on: there is no chain for it",
			signal_name(sig));
	wish->plan.sig = sig;
	return -1;
}

/* -1: go on, else the exit status. */
static int parse_option(struct wish *wish, int option)
{
	static const char *const targets[] = {"root", "group", "tty", NULL};
	static const enum chain_target values[] = {TARGET_ROOT, TARGET_GROUP, TARGET_TTY};
	static const char *const formats[] = {"text", "json", NULL};
	int index;

	switch (option) {
	case OPT_SIGNAL:
		return set_signal(wish, optarg);
	case OPT_TO:
		index = choose_word("predict", "--to", optarg, targets);
		wish->plan.to = values[index < 0 ? 0 : index];
		return index < 0 ? EXIT_BAD_USAGE : -1;
	case OPT_PID1:
		wish->plan.pid1 = true;
		return -1;
	case OPT_LINKS:
		wish->links = optarg;
		return -1;
	case OPT_RESULTS:
		wish->shells = optarg;
		return -1;
	case OPT_FORMAT:
		index = choose_word("predict", "--format", optarg, formats);
		wish->json = index == 1;
		return index < 0 ? EXIT_BAD_USAGE : -1;
	case 'h':
		fputs(help, stdout);
		return 0;
	default:
		return EXIT_BAD_USAGE;
	}
}

/* A file that was not asked for may be missing: what needs it will say so. */
static bool load(void *memory, const char *asked, const char *name, const char *subject,
	const struct results **out)
{
	char *path = asked ? talloc_strdup(memory, asked)
			   : talloc_asprintf(memory, "%s/%s", data_path(memory, "results"), name);
	struct diag *diag = diag_new(memory);

	if (!asked && access(path, R_OK) != 0)
		return true;
	struct results *results = results_load(memory, path, diag);
	if (!results) {
		diag_print(diag, stderr);
		return false;
	}
	if (results->shell_count && strcmp(results_subject(results), subject) != 0) {
		complain("%s is about %ss; %ss are needed here", path, results_subject(results),
			subject);
		return false;
	}
	*out = results;
	return true;
}

static int predict_and_print(void *memory, struct wish *wish, const char *text)
{
	struct plan *plan = &wish->plan;
	char *error = NULL;

	if (!load(memory, wish->links, "links.json", "link", &plan->links) ||
		!load(memory, wish->shells, "matrix.json", "shell", &plan->shells))
		return EXIT_BAD_USAGE;
	if (!plan_read(memory, plan, text, &error))
		return usage_error("predict", "%s", error);
	struct prediction *p = predict(memory, plan);
	if (wish->json)
		predict_print_json(p, stdout);
	else
		predict_print_text(p, stdout);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("unable to print the prediction: %s", strerror(errno));
		return EXIT_NOT_MEASURED;
	}
	if (p->doubt)
		return EXIT_NOT_MEASURED;
	return p->judgement->verdict == CHAIN_BROKEN ? EXIT_REGRESSION : EXIT_AS_EXPECTED;
}

static int parse_and_predict(void *memory, int argc, char **argv)
{
	struct wish wish = {.plan = {.to = TARGET_ROOT}};
	int option;

	while ((option = next_option(argc, argv, options, "predict")) != -1) {
		int status = parse_option(&wish, option);
		if (status >= 0)
			return status;
	}
	if (optind + 1 != argc)
		return usage_error(
			"predict", "one chain is needed, in quotes: 'tini | bash script | job'");
	if (!wish.plan.sig)
		wish.plan.sig = wish.plan.to == TARGET_TTY ? SIGINT : SIGTERM;
	wish.plan.tty = wish.plan.to == TARGET_TTY;
	if (wish.plan.tty && wish.plan.sig != SIGINT && wish.plan.sig != SIGQUIT)
		return usage_error("predict",
			"--to tty: keys for INT and QUIT are composed, not %s",
			signal_name(wish.plan.sig));
	return predict_and_print(memory, &wish, argv[optind]);
}

int cmd_predict(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	int status = parse_and_predict(memory, argc, argv);

	talloc_free(memory);
	return status;
}
