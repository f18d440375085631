/* The tree hop by hop and the verdict: text and JSON. Everything that came from the commands is
 * escaped here. */
#include "print.h"

#include <string.h>
#include <talloc.h>

#include "../report/report.h"

enum { ALIKE_SHOWN = 3 };

static const char *const dispositions[] = {"default", "PID 1 without a handler", "ignored",
	"blocked", "caught", "taken by sigwait", "taken by a signalfd"};
const char *chain_disposition(const struct hop *hop)
{
	return dispositions[hop->disposition];
}

static const char *const disposition_words[] = {
	"default", "pid1", "ignored", "blocked", "caught", "sigwait", "signalfd"};
static const char *const verdict_words[] = {"whole", "broken", "looked"};

const char *chain_sender(const void *memory, const struct chain_report *r, int from)
{
	const struct chain *chain = r->chain;

	switch (from) {
	case WHO_TTY:
		return chain->to == TARGET_TTY ? "the terminal" : "the kernel";
	case WHO_HARNESS:
		return "sigmatrix";
	case WHO_INIT:
	case WHO_UNKNOWN:
	case WHO_NONE:
		return "outside the tree";
	default:
		return talloc_asprintf(memory, "%s (pid %d)",
			escape_terminal(memory,
				chain->procs[from].program ? chain->procs[from].program : "?"),
			chain->log->procs[from].pid);
	}
}

const char *chain_command(const void *memory, const struct chain_report *r, int who)
{
	const char *command = r->chain->procs[who].command;
	char *safe = escape_terminal(memory, command ? command : "?");

	return strlen(safe) > 160 ? talloc_asprintf(memory, "%.157s...", safe) : safe;
}

const char *chain_got(const void *memory, const struct chain_report *r, const struct hop *hop)
{
	const char *sig = log_signal(memory, r->sig);

	if (!r->chain->sig)
		return "";
	char *text;
	switch (hop->way) {
	case WAY_DELIVERED:
		text = talloc_asprintf(
			memory, "got %s from %s", sig, chain_sender(memory, r, hop->from));
		break;
	case WAY_WAITED:
		text = talloc_asprintf(memory, "took %s from %s by sigwait", sig,
			chain_sender(memory, r, hop->from));
		break;
	case WAY_FD:
		text = talloc_asprintf(memory, "took %s from %s by signalfd", sig,
			chain_sender(memory, r, hop->from));
		break;
	case WAY_HELD:
		text = talloc_asprintf(memory, "%s from %s is pending and not taken", sig,
			chain_sender(memory, r, hop->from));
		break;
	default:
		text = talloc_asprintf(memory, "never got %s", sig);
		break;
	}
	if (hop->times > 1)
		text = talloc_asprintf_append(text, ", %d times", hop->times);
	if (hop->instead)
		text = talloc_asprintf_append(text, "; got %s from %s",
			log_signal(memory, hop->instead),
			chain_sender(memory, r, hop->instead_from));
	return text;
}

const char *chain_did(const void *memory, const struct chain_report *r, const struct hop *hop)
{
	char *text = talloc_strdup(memory, "");

	if (!r->chain->sig)
		return text;
	for (size_t i = 0; i < hop->handed_count && i < ALIKE_SHOWN; i++)
		text = talloc_asprintf_append(text, "%s%s", i ? ", " : "; sent a signal to ",
			chain_sender(memory, r, hop->handed[i]));
	if (hop->handed_count > ALIKE_SHOWN)
		text = talloc_asprintf_append(
			text, " and %zu more", hop->handed_count - ALIKE_SHOWN);
	if (hop->did == DID_DIE)
		return talloc_asprintf_append(
			text, "; died of %s", log_signal(memory, hop->number));
	if (hop->did == DID_EXIT)
		return talloc_asprintf_append(text, "; exited with %d", hop->number);
	if (hop->zombie)
		return talloc_asprintf_append(text, "; ended, nobody waited for it");
	return talloc_asprintf_append(
		text, hop->handed_count ? "; still there" : "; did nothing, still there");
}

static const struct hop_state *state_of(const struct chain_report *r, const struct hop *hop)
{
	const struct chain_proc *proc = &r->chain->procs[hop->who];

	return hop->late ? &proc->after : &proc->before;
}

/* What makes two siblings alike: everything but their pids. */
static char *likeness(const void *memory, const struct chain_report *r, const struct hop *hop)
{
	const struct hop_state *state = state_of(r, hop);

	return talloc_asprintf(memory, "%d %s %d %d %d %s %s %d %d", hop->parent,
		chain_command(memory, r, hop->who), state->foreground, hop->disposition, hop->late,
		chain_got(memory, r, hop), chain_did(memory, r, hop), state->pgid, state->sid);
}

static bool has_children(const struct judgement *j, size_t at)
{
	return at + 1 < j->count && j->hops[at + 1].parent == (int)at;
}

static void print_hop(const void *memory, const struct chain_report *r, size_t at, FILE *out)
{
	const struct hop *hop = &r->judgement->hops[at];
	const struct hop_state *state = state_of(r, hop);
	const char *got = chain_got(memory, r, hop);
	int indent = 2 * hop->depth;

	fprintf(out, "%*shop %zu: %s\n", indent, "", at + 1, chain_command(memory, r, hop->who));
	fprintf(out, "%*s    pid %d, group %d%s, session %d; %s: %s%s\n", indent, "",
		r->chain->log->procs[hop->who].pid, state->pgid,
		state->foreground ? " (foreground)" : "", state->sid, log_signal(memory, r->sig),
		dispositions[hop->disposition],
		hop->late ? "; started after the signal had gone out" : "");
	if (*got)
		fprintf(out, "%*s    %s%s\n", indent, "", got, chain_did(memory, r, hop));
	if (hop->cause)
		fprintf(out, "%*s    <- %s\n", indent, "", cause_word(hop->cause));
}

/* Siblings without children that are alike are told once, but for the hop where it breaks. */
static void print_tree(const void *memory, const struct chain_report *r, FILE *out)
{
	const struct judgement *j = r->judgement;
	char *last = NULL;
	size_t alike = 0;

	for (size_t i = 0; i < j->count; i++) {
		char *like = has_children(j, i) ? NULL : likeness(memory, r, &j->hops[i]);
		bool same = like && last && strcmp(like, last) == 0;

		alike = same ? alike + 1 : 0;
		last = like;
		if (alike < ALIKE_SHOWN || (int)i == j->at) {
			print_hop(memory, r, i, out);
			continue;
		}
		bool more = i + 1 < j->count && !has_children(j, i + 1) &&
			    strcmp(likeness(memory, r, &j->hops[i + 1]), like) == 0;
		if (!more)
			fprintf(out, "%*s... and %zu more like it\n", 2 * j->hops[i].depth, "",
				alike + 1 - ALIKE_SHOWN);
	}
}

static void print_survivors(const void *memory, const struct chain_report *r, FILE *out)
{
	const struct judgement *j = r->judgement;
	size_t count = 0, shown = 0;

	for (size_t i = 0; i < j->count; i++)
		count += j->hops[i].survived;
	if (count == 0 || r->chain->sig == 0)
		return;
	fprintf(out, "survivors (%zu%s):", count,
		r->ended_survivors ? ", ended by sigmatrix with KILL" : "");
	for (size_t i = 0; i < j->count && shown < 10; i++)
		if (j->hops[i].survived)
			fprintf(out, "%s %s", shown++ ? "," : "",
				chain_sender(memory, r, j->hops[i].who));
	fprintf(out, "%s\n", count > shown ? ", ..." : "");
}

static const char *const target_words[] = {
	"the first process", "one process", "the first process's group", "the terminal"};

static void print_header(const void *memory, const struct chain_report *r, FILE *out)
{
	fprintf(out, "%s to %s%s%s%s\n\n", log_signal(memory, r->sig), target_words[r->chain->to],
		r->profile ? ", as by " : "", r->profile ? r->profile : "",
		r->chain->sig ? "" : " (not sent, only looked)");
}

static void print_notes(const struct chain_report *r, FILE *out)
{
	size_t i;
	json_t *text;

	json_array_foreach(r->notes, i, text) fprintf(out, "note: %s\n", json_string_value(text));
}

void chain_print_text(const struct chain_report *report, FILE *out)
{
	void *memory = talloc_new(NULL);
	const struct judgement *j = report->judgement;

	if (j) {
		print_header(memory, report, out);
		print_tree(memory, report, out);
		fputc('\n', out);
		print_survivors(memory, report, out);
	}
	print_notes(report, out);
	if (report->error) {
		fprintf(out, "not measured: %s\n", report->error);
	} else if (j) {
		fprintf(out, "verdict: %s\n", chain_explain(memory, report->chain, j));
		if (j->verdict == CHAIN_BROKEN && cause_advice(j->cause))
			fprintf(out, "advice: %s\n", cause_advice(j->cause));
	}
	talloc_free(memory);
}

/* --- JSON --- */

static json_t *json_from(const struct chain_report *r, int from)
{
	switch (from) {
	case WHO_NONE:
		return json_null();
	case WHO_TTY:
		return json_string(r->chain->to == TARGET_TTY ? "terminal" : "kernel");
	case WHO_HARNESS:
		return json_string("sigmatrix");
	case WHO_INIT:
	case WHO_UNKNOWN:
		return json_string("outside");
	default:
		return json_integer(r->chain->log->procs[from].pid);
	}
}

static json_t *json_did(const void *memory, const struct hop *hop)
{
	switch (hop->did) {
	case DID_DIE:
		return json_pack("{s:s}", "died", log_signal(memory, hop->number));
	case DID_EXIT:
		return json_pack("{s:i}", "exited", hop->number);
	default:
		return json_null();
	}
}

static json_t *json_hop(const void *memory, const struct chain_report *r, size_t at)
{
	static const char *const ways[] = {NULL, "delivered", "sigwait", "signalfd", "pending"};
	const struct hop *hop = &r->judgement->hops[at];
	const struct hop_state *state = state_of(r, hop);
	const struct chain_proc *proc = &r->chain->procs[hop->who];
	json_t *handed = json_array();

	for (size_t i = 0; i < hop->handed_count; i++)
		json_array_append_new(
			handed, json_integer(r->chain->log->procs[hop->handed[i]].pid));
	return json_pack("{s:i, s:o, s:i, s:i, s:i, s:b, s:s, s:s, s:s, s:s?, s:o, s:i, s:s?, "
			 "s:o, s:o, s:b, s:b, s:b, s:s?}",
		"hop", (int)at + 1, "parent",
		hop->parent >= 0 ? json_integer(hop->parent + 1) : json_null(), "pid",
		(int)r->chain->log->procs[hop->who].pid, "group", (int)state->pgid, "session",
		(int)state->sid, "foreground", state->foreground, "command",
		escape_terminal(memory, proc->command), "program",
		escape_terminal(memory, proc->program), "disposition",
		disposition_words[hop->disposition], "got", ways[hop->way], "from",
		json_from(r, hop->from), "times", hop->times, "instead",
		hop->instead ? log_signal(memory, hop->instead) : NULL, "sent_to", handed, "did",
		json_did(memory, hop), "late", hop->late, "survived", hop->survived, "zombie",
		hop->zombie, "cause", hop->cause ? cause_word(hop->cause) : NULL);
}

static json_t *json_verdict(const void *memory, const struct chain_report *r)
{
	const struct judgement *j = r->judgement;
	json_t *hops = json_array(), *survivors = json_array();

	for (size_t i = 0; i < j->count; i++) {
		json_array_append_new(hops, json_hop(memory, r, i));
		if (j->hops[i].survived && r->chain->sig)
			json_array_append_new(
				survivors, json_integer(r->chain->log->procs[j->hops[i].who].pid));
	}
	return json_pack("{s:o, s:o, s:s, s:o, s:s?, s:s, s:s?}", "hops", hops, "survivors",
		survivors, "verdict", verdict_words[j->verdict], "breaks_at",
		j->at >= 0 ? json_integer(j->at + 1) : json_null(), "cause",
		j->verdict == CHAIN_BROKEN ? cause_word(j->cause) : NULL, "explanation",
		chain_explain(memory, r->chain, j), "advice",
		j->verdict == CHAIN_BROKEN ? cause_advice(j->cause) : NULL);
}

void chain_print_json(const struct chain_report *report, FILE *out)
{
	static const char *const words[] = {"root", "pid", "group", "tty"};
	void *memory = talloc_new(NULL);
	json_t *document = json_pack("{s:i, s:s, s:s, s:s?, s:O}", "schema", 1, "signal",
		log_signal(memory, report->sig), "to", words[report->chain->to], "profile",
		report->profile, "notes", report->notes);

	if (report->error) {
		json_object_set_new(document, "verdict", json_string("unmeasured"));
		json_object_set_new(document, "explanation", json_string(report->error));
	} else {
		json_t *verdict = json_verdict(memory, report);
		json_object_update(document, verdict);
		json_decref(verdict);
	}
	json_dumpf(document, out, JSON_INDENT(2) | JSON_SORT_KEYS);
	fputc('\n', out);
	json_decref(document);
	talloc_free(memory);
}
