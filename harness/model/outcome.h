/* From the log to the outcome: pure functions, so that a recorded cell can be judged again. */
#ifndef SIGMATRIX_OUTCOME_H
#define SIGMATRIX_OUTCOME_H

#include "case.h"
#include "log.h"

enum truth { TRUTH_NO, TRUTH_YES, TRUTH_HIDDEN };

struct judgement {
	const char *label; /* an outcome row's label, or "unknown", "timeout", "n/a", "disputed" */
	enum verdict verdict;
	const char *meaning; /* the row's, or "" */
	const char *reason;  /* for the player's own outcomes: why; else which conditions held */
	int line;            /* of the row, 0: none */
};

/* Judges events [0, log->count). The strings live as long as the log and the scene. */
struct judgement outcome_judge(struct log *log, const struct scene *scene);

/* One condition on the whole log. With TRUTH_HIDDEN *why says what could not be observed (talloc
 * child of the log; why may be NULL). What is not known is not true, and a condition about a look
 * that never came is not true even with "no". Takes time in proportion to the log: ask after each
 * batch of events, not after each event. */
enum truth condition_holds(
	const struct log *log, const struct condition *condition, const char **why);

/* Everything the log tells about the participants, for the record: sorted keys, role names in
 * place of pids. New reference. */
json_t *outcome_facts(const struct log *log, const struct scene *scene);

#endif
