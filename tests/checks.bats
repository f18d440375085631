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

# prose TEXT: makes the case group/name with that prose.
prose() {
	mkdir -p "$WORK/cases/group"
	printf '%s\n' 'title:   posh and yash' 'mode:    script' 'spec:    unspecified' '' "$1" '' \
		'script:' '    bash -c :' 'outcomes:' '    bad  after  violates  zsh' \
		>"$WORK/cases/group/name.case"
}

# results SHELL...: makes results in which these violate the standard there, and dash does not.
results() {
	jq -n '{cells: [{case: "group/name", shell: "dash", verdict: "conforms"},
		($ARGS.positional[] | {case: "group/name", shell: ., verdict: "violates"})]}' \
		--args "$@" >"$WORK/results.json"
}

# assert_unnamed SHELLS: the check says that the prose does not name them.
assert_unnamed() {
	run "$ROOT/tests/prose.sh" "$WORK/results.json" "$WORK/cases" "$ROOT/shells"
	assert_failure
	assert_output "$WORK/cases/group/name.case: $1 violate the standard, and the prose does not \
name them"
}

assert_all_named() {
	run "$ROOT/tests/prose.sh" "$WORK/results.json" "$WORK/cases" "$ROOT/shells"
	assert_success
	assert_output ''
}

@test "prose that names all who violate the standard, in one of their names" {
	results bash bash-sh ash ksh lksh mksh-sh zsh-sh yash-posix stranger
	prose $'All of bash, BusyBox (1.35), ksh93u+m, mksh, zsh 5.9,\nyash; and the stranger.'
	assert_all_named
	results ash ksh lksh
	prose 'Only ash, ksh93 and lksh.'
	assert_all_named
	results
	prose 'Nobody does.'
	assert_all_named
}

@test "prose that says nothing of one who violates the standard" {
	results bash dash-like
	prose 'Nobody does.'
	assert_unnamed 'bash, dash-like'
	# Parts of other words, the header, the script and the outcomes do not count.
	results ash bash-sh ksh posh yash zsh
	prose 'In dash and mksh all is well.'
	assert_unnamed 'ash, bash-sh, ksh, posh, yash, zsh'
	results posh zsh
	prose 'It is zsh only.'
	assert_unnamed posh
}

@test "results that are not there, and those of a case that is gone" {
	prose 'Nobody does.'
	run "$ROOT/tests/prose.sh" "$WORK/none.json" "$WORK/cases" "$ROOT/shells"
	assert_failure
	results bash
	rm "$WORK/cases/group/name.case"
	assert_all_named
}

# by_hand LINE...: runs the check on a table of these, in which "|" is a tab, and $WORK/results.json.
by_hand() {
	printf '%s\n' "$@" | tr '|' '\t' >"$WORK/by-hand.tsv"
	run "$ROOT/tests/by-hand.sh" "$SIGMATRIX" "$WORK/by-hand.tsv" "$WORK/results.json"
}

assert_by_hand_complaint() {
	assert_failure
	assert_output "$WORK/by-hand.tsv:$1"
}

# violations CASE SHELL...: makes results in which these violate the standard there.
violations() {
	jq -n '{cells: [$ARGS.positional[1:][] as $shell | "conforms", "violates", "violates" |
		{case: $ARGS.positional[0], shell: $shell, verdict: .}]}' --args "$@" >"$WORK/results.json"
}

@test "a table of what was tried by hand that is in order" {
	violations async/child-shell zsh zsh-sh
	by_hand '# case|shells|variants|done|seen' 'async/child-shell|zsh|INT QUIT|done|seen' \
		'async/child-shell|zsh-sh|INT|done|seen' 'exec/simple-command|dash bash|-|done|seen'
	assert_success
	assert_output ''
	violations group/gone zsh
	by_hand '# nothing'
	assert_success
}

@test "a violation that nobody tried by hand" {
	violations async/child-shell zsh zsh-sh posh
	by_hand 'async/child-shell|zsh posh|INT|done|seen' 'exec/simple-command|zsh-sh|-|done|seen'
	assert_by_hand_complaint ' no line says what zsh-sh does in async/child-shell by hand'
	violations exec/simple-command dash
	by_hand '# nothing'
	assert_by_hand_complaint ' no line says what dash does in exec/simple-command by hand'
	rm "$WORK/results.json"
	by_hand '# nothing'
	assert_failure
}

@test "a line about what is not there in the table of what was tried by hand" {
	violations exec/simple-command
	local good='exec/simple-command|dash|-|done|seen'
	by_hand "$good" 'exec/subshell|dash|-|done'
	assert_by_hand_complaint \
		'2: this is not: case, tab, shells, tab, variants, tab, done, tab, seen'
	by_hand "$good" 'exec/simple-command|dash|-|other|'
	assert_by_hand_complaint '2: column 5 is empty'
	by_hand "$good" "$good"
	assert_by_hand_complaint '2: this line is there twice'
	by_hand "$good" 'async/child-shell|dash|INT|done|seen'
	assert_by_hand_complaint '2: this line belongs before the one above'
	by_hand "$good" 'exec/simple-command|dash dahs|-|done|seen'
	assert_by_hand_complaint '2: there is no shell "dahs"'
	by_hand "$good" 'exec/simpler-command|dash|-|done|seen'
	assert_by_hand_complaint '2: there is no case "exec/simpler-command"'
	by_hand "$good" 'exec/simple-command|zsh|INT|done|seen'
	assert_by_hand_complaint '2: exec/simple-command has no variant "INT"'
	by_hand 'async/child-shell|zsh|INT TERM|done|seen'
	assert_by_hand_complaint '1: async/child-shell has no variant "TERM"'
	by_hand 'async/child-shell|zsh|-|done|seen'
	assert_by_hand_complaint '1: async/child-shell has no variant "-"'
}
