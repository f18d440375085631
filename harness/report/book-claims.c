/* The page of claims: what is said, and what the results say of it. Nothing here is written down
 * beforehand. */
#include "book.h"

#include <string.h>

#include <talloc.h>

/* What the cells of one shell say. */
struct tally {
	size_t holds, fails, unmeasured;
};

enum answer { NOT_MEASURED, CONFIRMED, PARTLY, REFUTED };

static const char *const answer_words[] = {"not measured", "confirmed", "partly", "refuted"};

/* An expectation or a whole claim held against the results. */
struct trial {
	struct tally all;
	struct tally *shells; /* by column; of 'differ' nothing is known of single shells */
	char *otherwise;      /* "dash: fork 2 zsh: fork 1", as Markdown */
};

static void trial_begin(struct book *book, struct trial *trial)
{
	*trial = (struct trial){.shells = talloc_zero_array(
					book->memory, struct tally, book->matrix->column_count + 1),
		.otherwise = talloc_strdup(book->memory, "")};
}

static void tally_add(struct tally *to, const struct tally *from)
{
	to->holds += from->holds;
	to->fails += from->fails;
	to->unmeasured += from->unmeasured;
}

static enum answer tally_answer(const struct tally *tally)
{
	if (!tally->holds && !tally->fails)
		return NOT_MEASURED;
	if (!tally->fails)
		return CONFIRMED;
	return tally->holds ? PARTLY : REFUTED;
}

static bool is_measured(const struct cell *cell)
{
	return cell && !outcome_is_doubt(cell->outcome);
}

static void note_failure(
	struct book *book, struct trial *trial, size_t column, const struct cell *cell)
{
	trial->otherwise = talloc_asprintf_append_buffer(trial->otherwise, "%s%s%s%s%s: %s",
		*trial->otherwise ? ", " : "",
		book_shell_link(book, book->matrix->columns[column]->name),
		*cell->variant ? " \\[" : "", book_safe(book, cell->variant),
		*cell->variant ? "\\]" : "", book_safe(book, cell->outcome));
}

/* One shell's cells. */
static void try_shell(struct book *book, const struct expectation *expectation,
	const struct case_record *record, size_t column, struct trial *trial)
{
	const char *shell = book->matrix->columns[column]->name;
	struct tally tally = {0};

	for (size_t v = 0; record->variants[v]; v++) {
		const struct cell *cell = matrix_cell(book->matrix, record, v, column);

		if (!expectation_about(expectation, record->name, record->variants[v], shell))
			continue;
		if (!is_measured(cell)) {
			tally.unmeasured++;
		} else if (expectation_met(expectation, cell->outcome)) {
			tally.holds++;
		} else {
			tally.fails++;
			note_failure(book, trial, column, cell);
		}
	}
	tally_add(&trial->shells[column], &tally);
	tally_add(&trial->all, &tally);
}

/* Do the shells differ in a variant? */
static void try_variant(struct book *book, const struct expectation *expectation,
	const struct case_record *record, size_t variant, struct trial *trial)
{
	const struct cell *first = NULL;
	size_t about = 0, measured = 0;
	bool differ = false;

	for (size_t i = 0; i < book->matrix->column_count; i++) {
		const struct cell *cell = matrix_cell(book->matrix, record, variant, i);

		if (!expectation_about(expectation, record->name, record->variants[variant],
			    book->matrix->columns[i]->name))
			continue;
		about++;
		if (!is_measured(cell))
			continue;
		differ |= first && strcmp(first->outcome, cell->outcome);
		first = first ? first : cell;
		measured++;
	}
	if (!about)
		return;
	if (measured < 2)
		trial->all.unmeasured++;
	else if (differ)
		trial->all.holds++;
	else
		trial->all.fails++;
	if (measured > 1 && !differ)
		trial->otherwise = talloc_asprintf_append_buffer(trial->otherwise,
			"%sall %zu measured: %s", *trial->otherwise ? ", " : "", measured,
			book_safe(book, first->outcome));
}

static void try_expectation(
	struct book *book, const struct expectation *expectation, struct trial *trial)
{
	const struct case_record *record = results_case(book->results, expectation->case_name);

	for (size_t v = 0; record && expectation->differ && record->variants[v]; v++)
		try_variant(book, expectation, record, v, trial);
	for (size_t i = 0; record && !expectation->differ && i < book->matrix->column_count; i++)
		try_shell(book, expectation, record, i, trial);
}

static struct trial try_claim(struct book *book, const struct claim *claim)
{
	struct trial trial;

	trial_begin(book, &trial);
	for (size_t i = 0; i < claim->expectation_count; i++)
		try_expectation(book, &claim->expectations[i], &trial);
	return trial;
}

static const struct until *until_of(const struct claim *claim, const char *shell)
{
	for (size_t i = 0; i < claim->until_count; i++)
		if (!strcmp(claim->untils[i].shell, shell))
			return &claim->untils[i];
	return NULL;
}

/* Was the shell's version that of the change or a later one? */
static bool is_as_new_as(
	struct book *book, const struct shell_record *shell, const struct until *until)
{
	const char *number = version_number(book->memory, shell->version ? shell->version : "");

	return number && version_compare(number, until->version) >= 0;
}

/* As Markdown ------------------------------------------------------------------------------- */

/* The answer in words: "was true until bash 4.4" where nobody does so any more, and what was
 * measured is not older than the change that the claim names for each shell. */
static const char *answer_text(struct book *book, const struct claim *claim, struct trial *trial)
{
	enum answer answer = tally_answer(&trial->all);
	char *text = talloc_strdup(book->memory, "was true until ");
	size_t named = 0, shells = 0;

	for (size_t i = 0; i < book->matrix->column_count; i++) {
		const struct until *until = until_of(claim, book->matrix->columns[i]->name);

		if (tally_answer(&trial->shells[i]) == NOT_MEASURED)
			continue;
		shells++;
		if (!until || !is_as_new_as(book, book->matrix->columns[i], until))
			continue;
		text = talloc_asprintf_append_buffer(
			text, "%s%s %s", named ? ", " : "", until->shell, until->version);
		named++;
	}
	return answer == REFUTED && named && named == shells ? text : answer_words[answer];
}

/* Who says that it changed, and whether it looks so here. */
static void put_until(struct book *book, const struct until *until, const struct trial *trial)
{
	const struct shell_record *shell = NULL;
	enum answer answer = NOT_MEASURED;
	const char *here = "not measured here";

	for (size_t i = 0; i < book->matrix->column_count; i++)
		if (!strcmp(book->matrix->columns[i]->name, until->shell)) {
			shell = book->matrix->columns[i];
			answer = tally_answer(&trial->shells[i]);
		}
	if (answer != NOT_MEASURED)
		here = is_as_new_as(book, shell, until) == (answer == REFUTED)
			       ? "as measured here"
			       : "**not as measured here**";
	fprintf(book->out, "- until %s %s, says %s: %s%s%s\n", until->shell, until->version,
		book_safe(book, until->source), here, answer == NOT_MEASURED ? "" : ", with ",
		answer == NOT_MEASURED ? "" : book_safe(book, shell->version));
}

static void put_expectation(struct book *book, const struct expectation *expectation)
{
	const struct case_record *record = results_case(book->results, expectation->case_name);
	const char *differ =
		talloc_asprintf(book->memory, "the %ss differ: ", book->matrix->subject);
	struct trial trial;

	trial_begin(book, &trial);
	try_expectation(book, expectation, &trial);
	fprintf(book->out, "| %s | %s%s | %zu | %zu | %zu | %s |\n",
		record ? book_case_link(book, record) : book_safe(book, expectation->case_name),
		expectation->differ ? differ : "", book_safe(book, expectation->text),
		trial.all.holds, trial.all.fails, trial.all.unmeasured, trial.otherwise);
}

static void put_shells_that(
	struct book *book, const struct trial *trial, enum answer answer, const char *heading)
{
	bool *columns = talloc_zero_array(book->memory, bool, book->matrix->column_count + 1);
	bool any = false;

	for (size_t i = 0; i < book->matrix->column_count; i++) {
		columns[i] = tally_answer(&trial->shells[i]) == answer;
		any |= columns[i];
	}
	if (any)
		fprintf(book->out, "- %s: %s\n", heading, book_shell_links(book, columns));
}

static void put_claim(struct book *book, const struct claim *claim)
{
	struct trial trial = try_claim(book, claim);

	fprintf(book->out, "<a id=\"%s\"></a>\n\n## %s\n\n**%s**\n\n", claim->name,
		book_safe(book, claim->title), answer_text(book, claim, &trial));
	put_shells_that(book, &trial, CONFIRMED, "true of");
	put_shells_that(book, &trial, PARTLY, "true of in part");
	put_shells_that(book, &trial, REFUTED, "not true of");
	for (size_t i = 0; claim->sources[i]; i++)
		fprintf(book->out, "- said in: %s\n", book_safe(book, claim->sources[i]));
	for (size_t i = 0; i < claim->until_count; i++)
		put_until(book, &claim->untils[i], &trial);
	fputc('\n', book->out);
	book_guide_prose(book, claim->prose);
	if (claim->expectation_count)
		fputs("| Case | Cells it is about, and what they should come to | as said | "
		      "otherwise | not measured | Which |\n|---|---|---:|---:|---:|---|\n",
			book->out);
	for (size_t i = 0; i < claim->expectation_count; i++)
		put_expectation(book, &claim->expectations[i]);
	fputc('\n', book->out);
}

static void put_claim_line(struct book *book, const struct claim *claim)
{
	struct trial trial = try_claim(book, claim);

	fprintf(book->out, "| [%s](#%s) | %s | %zu | %zu |\n", book_safe(book, claim->title),
		claim->name, answer_text(book, claim, &trial), trial.all.holds, trial.all.fails);
}

void book_put_claims(struct book *book)
{
	const struct guide *guide = book->guide;

	book_page(book, "claims.md", "");
	fputs("# Claims\n\nWhat manuals, articles and answers say about shells and signals, held "
	      "against these results. A claim is\nconfirmed when every cell it is about came to "
	      "what it says, refuted when none did, partly true when some\ndid. One that was true "
	      "until a version is refuted by the shell that was measured, and a change log\nnamed "
	      "with it says since when. Cells in doubt and cells that do not apply decide "
	      "nothing.\n\n"
	      "| Claim | Measured | Cells for it | Against it |\n|---|---|---:|---:|\n",
		book->out);
	for (size_t i = 0; i < guide->claim_count; i++)
		put_claim_line(book, guide->claims[i]);
	fputc('\n', book->out);
	talloc_free_children(book->memory);
	for (size_t i = 0; i < guide->claim_count; i++) {
		put_claim(book, guide->claims[i]);
		talloc_free_children(book->memory);
	}
	book_page_end(book);
}

static bool decides(const struct claim *claim, const struct case_record *record)
{
	for (size_t i = 0; i < claim->expectation_count; i++)
		if (!strcmp(claim->expectations[i].case_name, record->name))
			return true;
	return false;
}

void book_put_claims_of(struct book *book, const struct case_record *record)
{
	bool any = false;

	for (size_t i = 0; i < book->guide->claim_count; i++) {
		const struct claim *claim = book->guide->claims[i];

		if (!decides(claim, record))
			continue;
		fprintf(book->out, "%s- [%s](%sclaims.md#%s)\n",
			any ? "" : "## Claims it is about\n\n", book_safe(book, claim->title),
			book->root, claim->name);
		any = true;
	}
	if (any)
		fputc('\n', book->out);
}
