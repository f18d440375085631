/* The tree as a picture: each hop a box, the signal's ways as arrows. */
#include "print.h"

#include <talloc.h>

#include "../report/diagram.h"

static const struct hop_state *state_of(const struct chain_report *r, const struct hop *hop)
{
	const struct chain_proc *proc = &r->chain->procs[hop->who];

	return hop->late ? &proc->after : &proc->before;
}

static void add_line(
	struct diagram *diagram, int node, enum line_look look, int indent, const char *text)
{
	diagram_add_line(diagram, node, (struct diagram_line){text, look, indent, NULL});
}

static void draw_hop(struct diagram *diagram, const struct chain_report *r, size_t at)
{
	const struct judgement *j = r->judgement;
	const struct hop *hop = &j->hops[at];
	const struct hop_state *state = state_of(r, hop);
	const char *got = chain_got(diagram, r, hop);
	int node = diagram_add(diagram, hop->parent,
		(int)at == j->at                 ? LOOK_FAULT
		: hop->survived && r->chain->sig ? LOOK_LEFT
						 : LOOK_LEAF,
		NULL);

	add_line(diagram, node, LINE_STRONG, 0,
		talloc_asprintf(
			diagram, "hop %zu: %s", at + 1, chain_command(diagram, r, hop->who)));
	add_line(diagram, node, LINE_DIM, 0,
		talloc_asprintf(diagram, "pid %d, group %d%s, session %d; %s: %s",
			r->chain->log->procs[hop->who].pid, state->pgid,
			state->foreground ? " (foreground)" : "", state->sid,
			log_signal(diagram, r->sig), chain_disposition(hop)));
	if (*got)
		add_line(diagram, node, LINE_PLAIN, 0,
			talloc_asprintf(diagram, "%s%s", got, chain_did(diagram, r, hop)));
	if (hop->cause)
		add_line(diagram, node, LINE_STRONG, 0,
			talloc_asprintf(diagram, "<- %s", cause_word(hop->cause)));
}

/* From whom it got the signal; one who is no hop is outside of the picture. */
static void draw_arrow(struct diagram *diagram, const struct chain_report *r, size_t at)
{
	const struct judgement *j = r->judgement;
	const struct hop *hop = &j->hops[at];
	const char *sig = log_signal(diagram, r->sig);

	if (hop->way == WAY_NONE)
		return;
	for (size_t i = 0; hop->from >= 0 && i < j->count; i++)
		if (j->hops[i].who == hop->from) {
			diagram_add_arrow(diagram, (int)i, (int)at, sig);
			return;
		}
	diagram->outside = hop->from < 0 ? chain_sender(diagram, r, hop->from) : "outside the tree";
	diagram_add_arrow(diagram, -1, (int)at, sig);
}

static struct diagram *draw(const struct chain_report *r)
{
	struct diagram *diagram = diagram_new(NULL, NULL);

	if (r->error) {
		diagram->title = talloc_asprintf(diagram, "not measured: %s", r->error);
		return diagram;
	}
	diagram->title = chain_explain(diagram, r->chain, r->judgement);
	for (size_t i = 0; i < r->judgement->count; i++)
		draw_hop(diagram, r, i);
	for (size_t i = 0; r->chain->sig && i < r->judgement->count; i++)
		draw_arrow(diagram, r, i);
	return diagram;
}

void chain_print_dot(const struct chain_report *report, FILE *out)
{
	struct diagram *diagram = draw(report);

	diagram_put_dot(diagram, out);
	talloc_free(diagram);
}

void chain_print_svg(const struct chain_report *report, FILE *out)
{
	struct diagram *diagram = draw(report);

	diagram_put_svg(diagram, out);
	talloc_free(diagram);
}
