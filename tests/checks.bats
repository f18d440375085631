#!/usr/bin/env bats
# The checks that tests/lint.sh makes of our own tables: they must catch what is wrong.

bats_require_minimum_version 1.5.0
load fixtures/helper

# assert_coverage_complaint LINE TEXT: of "$WORK/coverage.tsv".
assert_coverage_complaint() {
	run "$ROOT/tests/coverage.sh" "$SIGMATRIX" "$WORK/coverage.tsv"
	assert_failure
	assert_output "$WORK/coverage.tsv:$1: $2"
}

@test "a table of coverage that is in order" {
	printf '%s\t%s\t%s\n' '# question' case variant \
		exec/a exec/simple-command - \
		exec/b - 'nobody can see that' \
		exec/c exec/killed-command TERM \
		exec/c exec/simple-command - >"$WORK/coverage.tsv"
	run "$ROOT/tests/coverage.sh" "$SIGMATRIX" "$WORK/coverage.tsv"
	assert_success
	assert_output ''
}

@test "a line of coverage about what is not there, and one out of place" {
	local tab=$'\t' file=$WORK/coverage.tsv
	local good=exec/m${tab}exec/simple-command${tab}-
	printf '%s\n' "$good" "exec/n${tab}exec/simple-command" >"$file"
	assert_coverage_complaint 2 'this is not: question, tab, case, tab, variant'
	printf '%s\n' "$good" "exec/n_${tab}exec/simple-command${tab}-" >"$file"
	assert_coverage_complaint 2 '"exec/n_" is no question: GROUP/NAME'
	printf '%s\n' "$good" "$good" >"$file"
	assert_coverage_complaint 2 'this line is there twice'
	printf '%s\n' "$good" "exec/a${tab}exec/simple-command${tab}-" >"$file"
	assert_coverage_complaint 2 'this line belongs before the one above'
	printf '%s\n' "$good" "exec/n${tab}-${tab}-" >"$file"
	assert_coverage_complaint 2 'a question without a case needs a reason'
	printf '%s\n' "$good" "exec/n${tab}exec/simpel-command${tab}-" >"$file"
	assert_coverage_complaint 2 'there is no case "exec/simpel-command"'
	printf '%s\n' "$good" "exec/n${tab}exec/simple-command${tab}TERM" >"$file"
	assert_coverage_complaint 2 'exec/simple-command has no variants: write "-"'
	printf '%s\n' "$good" "exec/n${tab}async/child-shell${tab}SIG=INT" >"$file"
	assert_coverage_complaint 2 'async/child-shell has no variant "SIG=INT" but: INT QUIT'
	printf '%s\n' "$good" "exec/n${tab}async/child-shell${tab}-" >"$file"
	assert_coverage_complaint 2 'async/child-shell has no variant "-" but: INT QUIT'
}
