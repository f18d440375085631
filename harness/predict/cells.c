/* Measured cells as evidence. */
#include "predict.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#include "../model/case.h"
#include "../report/report.h"

void doubt(struct prediction *p, const char *fmt, ...)
{
	va_list args;

	if (p->doubt)
		return;
	va_start(args, fmt);
	p->doubt = talloc_vasprintf(p, fmt, args);
	va_end(args);
}

void say(struct prediction *p, int stage, const struct cell *cell, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	char *text = talloc_vasprintf(p, fmt, args);
	va_end(args);
	p->statements = talloc_realloc(p, p->statements, struct statement, p->statement_count + 1);
	p->statements[p->statement_count++] =
		(struct statement){.stage = stage, .text = text, .cell = cell};
}

static const struct cell *find(
	const struct prediction *p, int stage, const char *case_name, const char *variant)
{
	const struct stage *s = &p->plan->stages[stage];
	const struct results *results = s->form == FORM_LINK ? p->plan->links : p->plan->shells;

	return results ? results_cell(results, case_name, variant, s->subject) : NULL;
}

static bool is_sure(const struct cell *cell)
{
	return !outcome_is_doubt(cell->outcome) && strcmp(cell->outcome, "n/a") != 0;
}

const struct cell *cell_look(
	struct prediction *p, int stage, const char *case_name, const char *variant)
{
	const struct cell *cell = find(p, stage, case_name, variant);

	return cell && is_sure(cell) ? cell : NULL;
}

const struct cell *cell_need(
	struct prediction *p, int stage, const char *case_name, const char *variant)
{
	const struct cell *cell = find(p, stage, case_name, variant);
	const char *subject = p->plan->stages[stage].subject;

	if (!cell)
		doubt(p, "%s%s%s %s has not been measured", case_name, *variant ? " " : "", variant,
			subject);
	else if (!is_sure(cell))
		doubt(p, "%s%s%s %s is %s: %s", case_name, *variant ? " " : "", variant, subject,
			cell->outcome, cell->reason);
	else
		return cell;
	return NULL;
}

bool cell_is(const struct cell *cell, const char *outcome)
{
	return cell && strcmp(cell->outcome, outcome) == 0;
}

static json_t *facts_of(const struct cell *cell)
{
	return cell && cell->facts ? json_loads(cell->facts, 0, NULL) : NULL;
}

int cell_exit(const struct cell *cell, const char *fact)
{
	json_t *facts = facts_of(cell);
	const char *text = json_string_value(json_object_get(facts, fact));
	int status = text && strncmp(text, "exit ", 5) == 0 ? atoi(text + 5) : -1;

	json_decref(facts);
	return status;
}

int cell_signal(const struct cell *cell, const char *fact)
{
	json_t *facts = facts_of(cell);
	const char *text = json_string_value(json_object_get(facts, fact));
	int sig = text && strncmp(text, "signal ", 7) == 0 ? signal_number(text + 7) : 0;

	json_decref(facts);
	return sig > 0 ? sig : 0;
}

bool cell_held(const struct cell *cell, const char *fact, const char *sig)
{
	json_t *facts = facts_of(cell), *item;
	size_t i, length = strlen(sig);
	bool held = true, child = false;

	json_array_foreach(json_object_get(facts, fact), i, item)
	{
		const char *text = json_string_value(item);
		child |= text && strcmp(text, "CHLD") == 0;
		if (text && !child && strncmp(text, sig, length) == 0 &&
			strncmp(text + length, " from ", 6) == 0)
			held = false;
	}
	json_decref(facts);
	return held;
}

bool cell_has(const struct cell *cell, const char *fact, const char *word)
{
	json_t *facts = facts_of(cell), *item;
	size_t i;
	bool found = false;

	json_array_foreach(json_object_get(facts, fact), i, item) found |=
		json_is_string(item) && strcmp(json_string_value(item), word) == 0;
	json_decref(facts);
	return found;
}
