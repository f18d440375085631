/* What people wrote about the cases, for the book: topics (docs/topics/NAME.topic), claims
 * (docs/claims/NAME.claim) and the glossary, each a header, an empty line and prose; and the
 * questions of flow charts (flow.h). Data
 * only: what was measured is not known here. docs/architecture.md has the formats. */
#ifndef SIGMATRIX_GUIDE_H
#define SIGMATRIX_GUIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "case.h"
#include "diag.h"
#include "flow.h"
#include "shell.h"

/* "case=exec/simple-command shell=dash|posh outcome!=exec": the cells it is about, and what they
 * came to if the claim is true. */
struct word_test {
	const char **words; /* NULL-terminated */
	bool no;            /* "!=": none of them */
};

struct expectation {
	int line;
	const char *text; /* as written */
	bool differ;      /* the outcomes are not all the same; 'outcome' is empty */
	const char *case_name;
	struct word_test variant, shell; /* no words: all; those of shell are globs */
	struct word_test outcome;
};

/* "until: bash 4.4 SOURCE": it was true of the shell until this version, as the source says. */
struct until {
	int line;
	const char *shell;
	const char *version; /* of version_number()'s kind: the first that does otherwise */
	const char *source;
};

struct claim {
	const char *path, *name;
	const char *title;    /* the statement */
	const char **sources; /* NULL-terminated; at least one */
	struct expectation *expectations;
	size_t expectation_count; /* 0: this suite cannot decide it, the prose says why */
	struct until *untils;     /* each of a shell that some expectation is about */
	size_t until_count;
	const char *prose;
};

struct topic {
	const char *path, *name, *title;
	const char **globs; /* NULL-terminated; as for case_wanted() */
	long order;
	const char *prose;
};

struct guide {
	struct topic **topics; /* sorted by order, then name */
	size_t topic_count;
	struct claim **claims; /* sorted by name */
	size_t claim_count;
	struct flow **flows; /* sorted by order, then name */
	size_t flow_count;
	const char *glossary; /* Markdown */
};

/* Reads DIR/topics, DIR/claims, DIR/flow (which need not be there) and DIR/glossary.md. Whatever is
 * wrong is in the diag; such files are left out. talloc child of parent. */
struct guide *guide_load(const void *parent, const char *dir, struct diag *diag);

struct topic *topic_load(const void *parent, const char *path, const char *name, struct diag *diag);
struct claim *claim_load(const void *parent, const char *path, const char *name, struct diag *diag);

/* The same of a file's text. */
struct topic *topic_parse(const void *parent, const char *path, const char *name, const char *data,
	size_t length, struct diag *diag);
struct claim *claim_parse(const void *parent, const char *path, const char *name, const char *data,
	size_t length, struct diag *diag);

/* "5.2.15" of "5.2.15(1)-release", "1.0.4" of "93u+m/1.0.4", "59" of "R59 2023": the first number
 * with a dot in it, else the first. NULL: none. talloc child of parent. */
const char *version_number(const void *parent, const char *text);
/* Part by part as numbers: below, at or above 0. A part that is missing is 0. */
int version_compare(const char *a, const char *b);

/* Is there each case, variant, outcome and shell that is named, and does every glob match? */
void guide_check(const struct guide *guide, struct test_case *const *cases, size_t case_count,
	struct shell *const *shells, size_t shell_count, struct diag *diag);

bool topic_has(const struct topic *topic, const char *case_name);

/* Some topic has the case. A case need not have one: it is one file, and the book lists it apart.
 */
bool guide_has_topic(const struct guide *guide, const char *case_name);

bool expectation_about(const struct expectation *expectation, const char *case_name,
	const char *variant, const char *shell);
/* Did the cell come to what the claim says (never asked of 'differ')? */
bool expectation_met(const struct expectation *expectation, const char *outcome);

#endif
