/* Can a row hold at all? What its conditions say about each other and about earlier rows. */
#include <limits.h>
#include <string.h>

#include <talloc.h>

#include "parts.h"

static bool same_string(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static const char *text_without_no(const struct condition *condition)
{
	return condition->no ? condition->text + strlen("no ") : condition->text;
}

/* Are both judged by the same stretch of the log? */
static bool same_look(const struct condition *a, const struct condition *b)
{
	return same_string(a->at, b->at) && same_string(a->since, b->since);
}

static bool same_condition(const struct condition *a, const struct condition *b)
{
	return same_look(a, b) && strcmp(a->text, b->text) == 0;
}

/* ---- comparisons ---- */

/* "subject op value"; negation is folded into op. */
struct comparison {
	const char *subject[2];
	enum compare op;
	const char *value;
	bool numeric;
	bool exclusive; /* the subject cannot equal two values */
	long number;
};

static enum compare opposite(enum compare op)
{
	static const enum compare opposites[] = {
		[CMP_EQ] = CMP_NE,
		[CMP_NE] = CMP_EQ,
		[CMP_LT] = CMP_GE,
		[CMP_GE] = CMP_LT,
		[CMP_GT] = CMP_LE,
		[CMP_LE] = CMP_GT,
	};

	return opposites[op];
}

static const char *value_in_text(const struct condition *condition)
{
	return strstr(condition->text, "= ") + 2;
}

static bool as_comparison(const struct condition *condition, struct comparison *out)
{
	const struct event_pattern *event = &condition->event;

	*out = (struct comparison){.subject = {condition->who, condition->attr}, .exclusive = true};
	out->op = condition->op;
	switch (condition->kind) {
	case CONDITION_STATE:
		out->value = condition->word;
		break;
	case CONDITION_DESCRIPTORS:
	case CONDITION_FORKS:
	case CONDITION_ZOMBIES:
		out->numeric = true;
		out->number = condition->number;
		out->value = "";
		break;
	case CONDITION_RELATION:
		/* Two names may mean one process: only the same value is comparable. */
		out->exclusive = false;
		out->value = value_in_text(condition);
		break;
	case CONDITION_HANDOVERS:
		out->subject[0] = "handovers";
		out->value = value_in_text(condition);
		break;
	case CONDITION_EVENT:
		if (event->query != QUERY_MARK || !event->has_value || condition->count >= 0 ||
			event->op == CMP_HAS)
			return false;
		out->subject[0] = event->who;
		out->op = event->op;
		out->value = event->word;
		out->numeric = number_parse(event->word, LONG_MIN, LONG_MAX, &out->number);
		break;
	default:
		return false;
	}
	if (condition->no)
		out->op = opposite(out->op);
	return true;
}

/* The whole numbers that fulfil the comparison; "!=" is no interval. */
static bool as_interval(const struct comparison *comparison, long *low, long *high)
{
	long n = comparison->number;

	*low = LONG_MIN;
	*high = LONG_MAX;
	switch (comparison->op) {
	case CMP_EQ:
		*low = *high = n;
		return true;
	case CMP_LT:
		*high = n - 1;
		return true;
	case CMP_LE:
		*high = n;
		return true;
	case CMP_GT:
		*low = n + 1;
		return true;
	case CMP_GE:
		*low = n;
		return true;
	default:
		return false;
	}
}

static bool numbers_clash(const struct comparison *a, const struct comparison *b)
{
	long low_a, high_a, low_b, high_b;

	if (!as_interval(a, &low_a, &high_a) || !as_interval(b, &low_b, &high_b))
		return a->op != b->op && a->number == b->number &&
		       (a->op == CMP_EQ || b->op == CMP_EQ);
	return low_a > high_b || low_b > high_a;
}

static bool words_clash(const struct comparison *a, const struct comparison *b)
{
	bool same = strcmp(a->value, b->value) == 0;

	if (a->op == CMP_EQ && b->op == CMP_EQ)
		return !same && a->exclusive;
	return same && a->op != b->op && (a->op == CMP_EQ || b->op == CMP_EQ);
}

static bool comparisons_clash(const struct condition *a, const struct condition *b)
{
	struct comparison ca, cb;

	/* Of a mark that never came, both "not = 3" and "not != 3" hold. */
	if (a->no && b->no)
		return false;
	if (a->kind != b->kind || !as_comparison(a, &ca) || !as_comparison(b, &cb))
		return false;
	if (!same_string(ca.subject[0], cb.subject[0]) ||
		!same_string(ca.subject[1], cb.subject[1]))
		return false;
	return ca.numeric && cb.numeric ? numbers_clash(&ca, &cb) : words_clash(&ca, &cb);
}

/* ---- events ---- */

/* Is every event that fits 'specific' one that fits 'general'? */
static bool event_covers(const struct event_pattern *general, const struct event_pattern *specific)
{
	if (general->query != specific->query || !same_string(general->who, specific->who))
		return false;
	if (general->has_value)
		return specific->has_value && general->op == specific->op &&
		       strcmp(general->word, specific->word) == 0;
	if (general->sig && general->sig != specific->sig)
		return false;
	if (general->how && general->how != specific->how)
		return false;
	if (general->number >= 0 && general->number != specific->number)
		return false;
	if (general->other && (!same_string(general->other, specific->other) ||
				      general->group != specific->group))
		return false;
	return !general->word || same_string(general->word, specific->word);
}

static bool events_equal(const struct event_pattern *a, const struct event_pattern *b)
{
	return event_covers(a, b) && event_covers(b, a);
}

/* Does the condition, where it holds, need an event that fits the pattern? */
static bool implies_event(const struct condition *condition, const struct event_pattern *pattern)
{
	if (condition->no || condition->count == 0)
		return false;
	if (condition->kind == CONDITION_EVENT)
		return event_covers(pattern, &condition->event);
	return condition->kind == CONDITION_ORDER &&
	       (event_covers(pattern, &condition->event) ||
		       event_covers(pattern, &condition->later));
}

static bool denies(const struct condition *denial, const struct condition *claim)
{
	bool never = denial->no ? denial->count < 0 : denial->count == 0;

	return denial->kind == CONDITION_EVENT && never && implies_event(claim, &denial->event);
}

static bool counts_clash(const struct condition *a, const struct condition *b)
{
	return a->count >= 0 && b->count >= 0 && a->count != b->count && !a->no && !b->no &&
	       events_equal(&a->event, &b->event);
}

/* A process ends only once. */
static bool endings_clash(const struct event_pattern *a, const struct event_pattern *b)
{
	if (a->query != QUERY_ENDED || b->query != QUERY_ENDED || !same_string(a->who, b->who))
		return false;
	if (a->how && b->how && a->how != b->how)
		return true;
	return a->number >= 0 && b->number >= 0 && a->number != b->number;
}

static bool events_clash(const struct condition *a, const struct condition *b)
{
	if (denies(a, b) || denies(b, a))
		return true;
	if (a->no || b->no)
		return false;
	if (a->kind == CONDITION_EVENT && b->kind == CONDITION_EVENT)
		return counts_clash(a, b) || endings_clash(&a->event, &b->event);
	return a->kind == CONDITION_ORDER && b->kind == CONDITION_ORDER &&
	       events_equal(&a->event, &b->later) && events_equal(&a->later, &b->event);
}

/* ---- rows ---- */

static bool clash(const struct condition *a, const struct condition *b)
{
	if (!same_look(a, b))
		return false;
	if (a->no != b->no && strcmp(text_without_no(a), text_without_no(b)) == 0)
		return true;
	return comparisons_clash(a, b) || events_clash(a, b);
}

static bool clashes_with_itself(const struct condition *condition)
{
	return condition->kind == CONDITION_ORDER && !condition->no &&
	       events_equal(&condition->event, &condition->later);
}

const char *row_contradiction(const void *parent, const struct outcome_row *row)
{
	for (size_t i = 0; i < row->condition_count; i++) {
		const struct condition *a = &row->conditions[i];

		if (clashes_with_itself(a))
			return talloc_asprintf(parent, "'%s' contradicts itself", a->text);
		for (size_t j = 0; j < i; j++)
			if (clash(a, &row->conditions[j]))
				return talloc_asprintf(parent,
					"'%s' and '%s' contradict each other",
					row->conditions[j].text, a->text);
	}
	return NULL;
}

static bool row_has(const struct outcome_row *row, const struct condition *condition)
{
	for (size_t i = 0; i < row->condition_count; i++)
		if (same_condition(&row->conditions[i], condition))
			return true;
	return false;
}

static bool row_says_stuck(const struct outcome_row *row)
{
	for (size_t i = 0; i < row->condition_count; i++)
		if (row->conditions[i].kind == CONDITION_STUCK && !row->conditions[i].no)
			return true;
	return false;
}

bool row_shadows(const struct outcome_row *earlier, const struct outcome_row *later)
{
	/* Once a scene is stuck, rows that do not say so are passed over. */
	if (row_says_stuck(later) && !row_says_stuck(earlier))
		return false;
	for (size_t i = 0; i < earlier->condition_count; i++)
		if (earlier->conditions[i].kind != CONDITION_CONSTANT &&
			!row_has(later, &earlier->conditions[i]))
			return false;
	return true;
}

bool condition_rests_on_absence(const struct condition *condition)
{
	switch (condition->kind) {
	case CONDITION_CONSTANT:
	case CONDITION_STUCK:
		return false;
	case CONDITION_STATE:
	case CONDITION_FORKS:
	case CONDITION_ZOMBIES:
	case CONDITION_HANDOVERS:
		return true;
	default:
		return condition->no || condition->count >= 0;
	}
}
