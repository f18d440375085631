/* sigmatrix flow: "I send a signal, or press a key: who gets it?", drawn from a results file. */
#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#include "model/diag.h"
#include "report/chart.h"
#include "report/page.h"

static const char help[] =
	"Usage: sigmatrix flow [RESULTS] [OPTION]...\n"
	"\n"
	"Draws \"I send a signal, or press a key: who gets it?\" as a tree of questions. What is "
	"at "
	"its\nends was measured: it is read from the results (default: the matrix that comes with\n"
	"sigmatrix). Examples:\n"
	"  sigmatrix flow --shell bash                       one shell, as text\n"
	"  sigmatrix flow --shell dash --shell bash          branches name the shells that differ\n"
	"  sigmatrix flow --chart container --format svg --output container.svg\n"
	"  sigmatrix flow results/matrix.json --shell ash --format mermaid\n"
	"\n"
	"  --chart NAME    only this one, see below; if not given, all of them as one tree\n"
	"  --shell NAME    only this shell; may be repeated; if not given, all of the results\n"
	"  --format text|svg|dot|mermaid|json\n"
	"  --links URL     the HTML report that links go to, matrix.html by default; '' for no "
	"links\n"
	"  --guide DIR     where the questions are, in DIR/flow/*.flow; if not given, ours\n"
	"  --output FILE\n"
	"\n"
	"Charts:\n";

enum { OPT_CHART = 256, OPT_SHELL, OPT_FORMAT, OPT_LINKS, OPT_GUIDE, OPT_OUTPUT };

static const struct option options[] = {
	{"chart", required_argument, NULL, OPT_CHART},
	{"shell", required_argument, NULL, OPT_SHELL},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"links", required_argument, NULL, OPT_LINKS},
	{"guide", required_argument, NULL, OPT_GUIDE},
	{"output", required_argument, NULL, OPT_OUTPUT},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* NULL: as data. */
static const struct format {
	const char *name;
	void (*put)(const struct diagram *diagram, FILE *out);
} formats[] = {
	{"text", diagram_put_text},
	{"svg", diagram_put_svg},
	{"dot", diagram_put_dot},
	{"mermaid", diagram_put_mermaid},
	{"json", NULL},
};

enum { FORMAT_COUNT = sizeof(formats) / sizeof(*formats) };

struct wish {
	const struct format *format;
	const char *chart, *links, *guide, *output;
	struct words_option shells;
};

static int set_format(struct wish *wish, const char *word)
{
	const char *known[FORMAT_COUNT + 1] = {NULL};

	for (int i = 0; i < FORMAT_COUNT; i++)
		known[i] = formats[i].name;
	int index = choose_word("flow", "--format", word, known);
	if (index < 0)
		return EXIT_BAD_USAGE;
	wish->format = &formats[index];
	return -1;
}

/* NULL after complaining. */
static struct guide *load_guide(void *memory, const char *dir)
{
	struct diag *diag = diag_new(memory);
	struct guide *guide = guide_load(memory, dir ? dir : data_path(memory, "docs"), diag);

	if (!diag->count && guide->flow_count)
		return guide;
	diag_print(diag, stderr);
	if (!diag->count)
		complain("there is no chart in %s/flow", dir ? dir : data_path(memory, "docs"));
	return NULL;
}

/* -1: it is in *flow; else the exit status. */
static int find_flow(
	void *memory, const struct guide *guide, const char *name, const struct flow **flow)
{
	const char **known = talloc_zero_array(memory, const char *, guide->flow_count + 1);

	for (size_t i = 0; i < guide->flow_count; i++)
		known[i] = guide->flows[i]->name;
	int index = choose_word("flow", "--chart", name, known);
	if (index < 0)
		return EXIT_BAD_USAGE;
	*flow = guide->flows[index];
	return -1;
}

/* Into the HTML report. */
static char *report_link(const void *parent, void *context, const struct case_record *record,
	const struct cell *cell)
{
	char *data = NULL, *url;
	size_t size;
	FILE *out = open_memstream(&data, &size);

	if (!out)
		return NULL;
	put_url(out, context);
	putc('#', out);
	if (cell)
		put_cell_anchor(out, cell);
	else
		put_case_anchor(out, record);
	fclose(out);
	url = talloc_strdup(parent, data);
	free(data);
	return url;
}

static void put_chart(const struct wish *wish, const struct chart *chart, FILE *out)
{
	struct diagram *diagram;

	if (!wish->format->put) {
		record_put_json(out, chart_json(chart), JSON_INDENT(2) | JSON_SORT_KEYS, "\n");
		return;
	}
	diagram =
		chart_diagram(chart, chart, *wish->links ? report_link : NULL, (void *)wish->links);
	wish->format->put(diagram, out);
}

/* A reader of 'output' never sees half a chart. */
static int write_chart(void *memory, const struct wish *wish, const struct chart *chart)
{
	char *temporary =
		wish->output ? talloc_asprintf(memory, "%s.%d", wish->output, getpid()) : NULL;
	FILE *out = temporary ? fopen(temporary, "we") : stdout;
	int result = out ? 0 : -errno;

	if (out) {
		errno = 0;
		put_chart(wish, chart, out);
		result = report_finish(out);
	}
	if (out && out != stdout && fclose(out) != 0 && !result)
		result = -errno;
	if (!result && temporary && rename(temporary, wish->output) != 0)
		result = -errno;
	if (!result)
		return 0;
	complain("unable to write %s: %s", wish->output ? wish->output : "the chart",
		strerror(-result));
	if (out && temporary)
		unlink(temporary);
	return EXIT_NOT_MEASURED;
}

static int draw(void *memory, const struct wish *wish, const char *path)
{
	const struct selection selection = {.shells = wish->shells.words};
	struct guide *guide = load_guide(memory, wish->guide);
	const struct flow *flow = NULL;
	struct results *results;

	if (!guide)
		return EXIT_BAD_USAGE;
	if (wish->chart) {
		int status = find_flow(memory, guide, wish->chart, &flow);
		if (status >= 0)
			return status;
	}
	results = load_results(memory, "flow", path, &selection);
	if (!results)
		return EXIT_BAD_USAGE;
	return write_chart(
		memory, wish, chart_build(memory, guide, flow, matrix_new(memory, results), NULL));
}

static int print_help(void *memory, const struct wish *wish)
{
	struct guide *guide = load_guide(memory, wish->guide);

	fputs(help, stdout);
	for (size_t i = 0; guide && i < guide->flow_count; i++)
		printf("  %-14s  %s\n", guide->flows[i]->name, guide->flows[i]->title);
	return 0;
}

/* -1: go on, else the exit status. */
static int parse_option(void *memory, struct wish *wish, int option)
{
	switch (option) {
	case OPT_CHART:
		wish->chart = optarg;
		return -1;
	case OPT_SHELL:
		option_add(memory, &wish->shells, optarg);
		return -1;
	case OPT_FORMAT:
		return set_format(wish, optarg);
	case OPT_LINKS:
		wish->links = optarg;
		return -1;
	case OPT_GUIDE:
		wish->guide = optarg;
		return -1;
	case OPT_OUTPUT:
		wish->output = optarg;
		return -1;
	case 'h':
		return print_help(memory, wish);
	default:
		return EXIT_BAD_USAGE;
	}
}

static int parse_and_draw(void *memory, int argc, char **argv)
{
	struct wish wish = {.format = &formats[0], .links = "matrix.html"};
	int option;

	while ((option = next_option(argc, argv, options, "flow")) != -1) {
		int status = parse_option(memory, &wish, option);
		if (status >= 0)
			return status;
	}
	if (optind + 1 < argc)
		return usage_error("flow", "name one results file, or none for ours");
	return draw(memory, &wish,
		optind < argc ? argv[optind] : data_path(memory, "results/matrix.json"));
}

int cmd_flow(int argc, char **argv)
{
	void *memory = talloc_new(NULL);
	int status = parse_and_draw(memory, argc, argv);

	talloc_free(memory);
	return status;
}
