/* The parts a case file is read by: each of condition.c, rows.c, steps.c, scene.c and lint.c does
 * one of these. Private to model/. */
#ifndef SIGMATRIX_PARTS_H
#define SIGMATRIX_PARTS_H

#include "case.h"
#include "text.h"

enum {
	MAX_VARIANTS = 256,
	MAX_STEPS = 512,
	MAX_ROWS = 64,
	MAX_CONDITIONS = 16,
	MAX_NAMES = 128,
	MAX_BLOCKS = 128, /* one for each dialect it names */
	MAX_DIALECTS = 8,
	ENOUGH_COMPLAINTS = 100 /* beyond so many the rest would only repeat them */
};

enum block_kind { BLOCK_SCRIPT, BLOCK_FILE, BLOCK_STEPS, BLOCK_OUTCOMES, BLOCK_COMMAND };

struct block {
	enum block_kind kind;
	const char *name;    /* of the file; else NULL */
	const char *dialect; /* "posix" when none is named */
	int line;
	struct text_line *lines; /* without the four spaces */
	size_t count;
};

/* Whose ${NAME} are meant; both NULL outside of a case. */
struct binding {
	const struct test_case *test_case;
	const struct variant *variant;
};

/* The kinds of blocks by their name, in the order of enum block_kind. */
extern const char *const case_block_words[];

/* The session of that name (enum case_session), or -1. */
int session_read(const char *word);

/* Reads the header; returns the index of the line behind it. *mode_line is the line of the mode, 0
 * when that is missing or unknown. */
size_t header_read(
	struct test_case *tc, const struct text *text, int *mode_line, struct diag *diag);

/* One condition; false after a complaint. */
bool condition_read(const void *parent, const char *text, const struct binding *binding,
	struct condition *out, const struct place *place);

/* Sets every field to "not said". */
void condition_clear(struct condition *condition);

/* Reads 'instruction' of an actor from the words; returns how many it took, 0 after a
 * complaint. */
size_t instruction_read(const char *const *words, const struct place *place);

/* One step; false after a complaint. */
bool step_read(const void *parent, const char *text, const struct binding *binding,
	struct step *out, const struct place *place);

/* The outcome rows of a block whose text has been substituted. Rows with faults are complained
 * about and left out. */
struct outcome_row *rows_read(const void *parent, const struct text *text,
	const struct binding *binding, const char *file, size_t *count, struct diag *diag);

/* As case_scene(), and complains about steps and rows; those at fault are left out. */
struct scene *scene_build(const void *parent, const struct test_case *tc,
	const struct variant *variant, const char *dialect, shell_words words, void *context,
	const char **na, struct diag *diag);

/* Calls visit for every text of the scene that a shell will see, until it returns true. */
typedef bool (*text_visitor)(const char *text, void *context);
bool scene_texts(const struct scene *scene, text_visitor visit, void *context);

/* The next place, from 'at' on, where 'word' stands alone, in no comment, in the text that begins
 * at 'start', or NULL. */
const char *text_find_word(const char *start, const char *at, const char *word);

/* The block, or NULL. */
const struct block *case_block(
	const struct test_case *tc, enum block_kind kind, const char *name, const char *dialect);

/* The names of the actors that the scene's texts start. */
const char **scene_actors(const void *parent, const struct scene *scene);

/* Could the scene leave this mark? Lenient: shells can build words in many ways. */
bool scene_leaves_mark(const struct scene *scene, const char *mark);

/* Plays nothing, but makes every variant concrete and complains about what can never work. */
void case_lint(const struct test_case *tc, struct diag *diag);

/* Why the row can never hold by itself, or NULL. */
const char *row_contradiction(const void *parent, const struct outcome_row *row);

/* Does every condition of 'earlier' (but for those the variant decides) also stand in 'later'? */
bool row_shadows(const struct outcome_row *earlier, const struct outcome_row *later);

bool condition_rests_on_absence(const struct condition *condition);

#endif
