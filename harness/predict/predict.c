/* A prediction is a chain that nobody has seen: it is judged, and printed, as one that was. */
#include "predict.h"

#include <string.h>
#include <talloc.h>

#include "../report/report.h"

struct prediction *predict(const void *parent, const struct plan *plan)
{
	struct prediction *p = talloc_zero(parent, struct prediction);

	p->plan = plan;
	p->chain = talloc_zero(p, struct chain);
	*p->chain = (struct chain){.log = log_new(p->chain),
		.sig = plan->sig,
		.to = plan->to,
		.goal = chain_goal_of(plan->sig),
		.pid1 = plan->pid1,
		.predicted = true};
	tree_build(p);
	if (!p->doubt)
		play_signal(p);
	if (!p->doubt)
		p->judgement = chain_judge(p, p->chain, plan->sig);
	return p;
}

/* --- text --- */

static void print_statement(
	const struct prediction *p, const struct statement *s, int indent, FILE *out)
{
	void *memory = talloc_new(NULL);
	const struct cell *cell = s->cell;

	fprintf(out, "%*s    %s\n", indent, "", escape_terminal(memory, s->text));
	if (cell)
		fprintf(out, "%*s        (%s%s%s %s: %s)\n", indent, "",
			escape_terminal(memory, cell->case_name), *cell->variant ? " " : "",
			escape_terminal(memory, cell->variant),
			escape_terminal(memory, cell->shell),
			escape_terminal(memory, cell->outcome));
	(void)p;
	talloc_free(memory);
}

static void print_stage(const struct prediction *p, int stage, int indent, FILE *out)
{
	for (size_t i = 0; i < p->statement_count; i++)
		if (p->statements[i].stage == stage)
			print_statement(p, &p->statements[i], indent, out);
}

static int hop_of(const struct prediction *p, int who)
{
	for (size_t i = 0; p->judgement && i < p->judgement->count; i++)
		if (p->judgement->hops[i].who == who)
			return (int)i + 1;
	return 0;
}

static void print_fate(const struct prediction *p, const struct hop *hop, int indent, FILE *out)
{
	void *memory = talloc_new(NULL);

	fprintf(out, "%*s    = %s", indent, "",
		hop->way == WAY_NONE
			? talloc_asprintf(memory, "never gets %s", log_signal(memory, p->plan->sig))
			: "gets it");
	if (hop->did == DID_DIE)
		fprintf(out, "; dies of %s%s", log_signal(memory, hop->number),
			p->procs[hop->who].or_hup ? " or HUP" : "");
	else if (hop->did == DID_EXIT)
		fprintf(out, "; exits with %d", hop->number);
	else
		fputs("; is still there", out);
	fputc('\n', out);
	if (hop->cause)
		fprintf(out, "%*s    <- %s\n", indent, "", cause_word(hop->cause));
	talloc_free(memory);
}

static void print_hops(const struct prediction *p, FILE *out)
{
	void *memory = talloc_new(NULL);
	int depth = 0;

	for (size_t i = 0; i < p->plan->count; i++) {
		const struct stage *stage = &p->plan->stages[i];
		int hop = stage->who == WHO_NONE ? 0 : hop_of(p, stage->who);
		const char *text = escape_terminal(memory, stage->text);

		if (hop)
			fprintf(out, "%*shop %d: %s\n", 2 * depth, "", hop, text);
		else
			fprintf(out, "%*s(no hop) %s\n", 2 * depth, "", text);
		print_stage(p, (int)i, 2 * depth, out);
		if (hop)
			print_fate(p, &p->judgement->hops[hop - 1], 2 * depth, out);
		depth += hop > 0;
	}
	talloc_free(memory);
}

void predict_print_text(const struct prediction *p, FILE *out)
{
	static const char *const targets[] = {"the first process", "one process",
		"the first process's group", "the terminal's foreground group, as a key does"};
	void *memory = talloc_new(NULL);

	fprintf(out, "%s to %s%s\n\n", log_signal(memory, p->plan->sig), targets[p->plan->to],
		p->plan->pid1 ? ", which is PID 1 of its namespace" : "");
	print_hops(p, out);
	if (p->doubt) {
		fprintf(out, "\nno prediction: %s\n", escape_terminal(memory, p->doubt));
	} else {
		fprintf(out, "\nverdict: %s\n", chain_explain(memory, p->chain, p->judgement));
		if (p->judgement->verdict == CHAIN_BROKEN && cause_advice(p->judgement->cause))
			fprintf(out, "advice: %s\n", cause_advice(p->judgement->cause));
	}
	talloc_free(memory);
}

/* --- JSON --- */

static json_t *json_statements(const struct prediction *p, int stage)
{
	json_t *array = json_array();
	void *memory = talloc_new(NULL);

	for (size_t i = 0; i < p->statement_count; i++) {
		const struct statement *s = &p->statements[i];
		if (s->stage != stage)
			continue;
		json_t *cell =
			s->cell ? json_pack("{s:s, s:s, s:s, s:s}", "case", s->cell->case_name,
					  "variant", s->cell->variant, "subject", s->cell->shell,
					  "outcome", s->cell->outcome)
				: json_null();
		json_array_append_new(
			array, json_pack("{s:s, s:o}", "text", escape_terminal(memory, s->text),
				       "cell", cell));
	}
	talloc_free(memory);
	return array;
}

static json_t *json_stages(const struct prediction *p)
{
	json_t *array = json_array();
	void *memory = talloc_new(NULL);

	for (size_t i = 0; i < p->plan->count; i++) {
		const struct stage *stage = &p->plan->stages[i];
		int hop = stage->who == WHO_NONE ? 0 : hop_of(p, stage->who);
		json_array_append_new(
			array, json_pack("{s:i, s:s, s:s, s:s, s:o, s:o}", "stage", (int)i + 1,
				       "text", escape_terminal(memory, stage->text), "subject",
				       stage->subject, "form", form_words(stage->form), "hop",
				       hop ? json_integer(hop) : json_null(), "statements",
				       json_statements(p, (int)i)));
	}
	talloc_free(memory);
	return array;
}

static json_t *json_from(const struct prediction *p, int from)
{
	switch (from) {
	case WHO_NONE:
		return json_null();
	case WHO_TTY:
		return json_string("terminal");
	case WHO_HARNESS:
		return json_string("sigmatrix");
	case WHO_UNKNOWN:
		return json_string("kernel");
	default:
		return json_integer(hop_of(p, from));
	}
}

static json_t *json_hop(const struct prediction *p, size_t at)
{
	void *memory = talloc_new(NULL);
	const struct hop *hop = &p->judgement->hops[at];
	const struct sim_proc *proc = &p->procs[hop->who];
	json_t *did = json_null();

	if (hop->did == DID_DIE)
		did = json_pack("{s:s}", "died", log_signal(memory, hop->number));
	else if (hop->did == DID_EXIT)
		did = json_pack("{s:i}", "exited", hop->number);
	json_t *json =
		json_pack("{s:i, s:o, s:i, s:b, s:i, s:i, s:s?, s:o, s:s?, s:o, s:o, s:b, s:s?}",
			"hop", (int)at + 1, "parent",
			hop->parent >= 0 ? json_integer(hop->parent + 1) : json_null(), "stage",
			proc->stage + 1, "middle", proc->middle, "group", hop_of(p, proc->group),
			"session", hop_of(p, proc->session), "got",
			hop->way == WAY_NONE   ? NULL
			: hop->way == WAY_HELD ? "pending"
					       : "delivered",
			"from", json_from(p, hop->from), "instead",
			hop->instead ? log_signal(memory, hop->instead) : NULL, "did", did, "or",
			proc->or_hup ? json_pack("{s:s}", "died", "HUP") : json_null(), "survived",
			hop->survived, "cause", hop->cause ? cause_word(hop->cause) : NULL);
	talloc_free(memory);
	return json;
}

static void json_judgement(const struct prediction *p, json_t *document, const void *memory)
{
	const struct judgement *j = p->judgement;
	json_t *hops = json_array(), *survivors = json_array();

	for (size_t i = 0; i < j->count; i++) {
		json_array_append_new(hops, json_hop(p, i));
		if (j->hops[i].survived)
			json_array_append_new(survivors, json_integer((int)i + 1));
	}
	json_t *more = json_pack("{s:o, s:o, s:s, s:o, s:s?, s:s, s:s?}", "hops", hops, "survivors",
		survivors, "verdict", j->verdict == CHAIN_BROKEN ? "broken" : "whole", "breaks_at",
		j->at >= 0 ? json_integer(j->at + 1) : json_null(), "cause",
		j->verdict == CHAIN_BROKEN ? cause_word(j->cause) : NULL, "explanation",
		chain_explain(memory, p->chain, j), "advice",
		j->verdict == CHAIN_BROKEN ? cause_advice(j->cause) : NULL);
	json_object_update(document, more);
	json_decref(more);
}

void predict_print_json(const struct prediction *p, FILE *out)
{
	static const char *const words[] = {"root", "pid", "group", "tty"};
	void *memory = talloc_new(NULL);
	json_t *document = json_pack("{s:i, s:s, s:s, s:b, s:o}", "schema", 1, "signal",
		log_signal(memory, p->plan->sig), "to", words[p->plan->to], "pid1", p->plan->pid1,
		"stages", json_stages(p));

	if (p->doubt) {
		json_object_set_new(document, "verdict", json_string("unknown"));
		json_object_set_new(
			document, "explanation", json_string(escape_terminal(memory, p->doubt)));
	} else {
		json_judgement(p, document, memory);
	}
	record_put_json(out, document, JSON_INDENT(2) | JSON_SORT_KEYS, "\n");
	talloc_free(memory);
}
