#!/usr/bin/env bats
# Adding a case or a shell takes one file and nothing else: the README shows both, and here both are
# done, word for word, in a copy of what is played.
# shellcheck disable=SC2034 # SIGMATRIX is the helper's

bats_require_minimum_version 1.5.0
load fixtures/helper

setup() {
	use_own_tmpdir
	TREE=$WORK/tree
	mkdir -p "$TREE/build" "$WORK/bin"
	cp "$BUILD/sigmatrix" "$BUILD/actor" "$TREE/build/"
	cp -r "$ROOT/cases" "$ROOT/shells" "$ROOT/links" "$TREE/"
	SIGMATRIX=$TREE/build/sigmatrix
}

# readme_example HEADING: the first example below that heading of the README.
readme_example() {
	awk -v heading="## $1" '$0 == heading { here = 1; next }
		here && /^```$/ { if (++fences == 2) exit; next }
		fences' "$ROOT/README.md"
}

# assert_only_new DIR FILE: the copy of DIR has FILE, and is as it was but for that.
assert_only_new() {
	run diff -r "$ROOT/$1" "$TREE/$1"
	assert_output "Only in $TREE/$1: $2"
}

# assert_in_reports PATTERN: every report of the results has a line like that.
assert_in_reports() {
	local format
	for format in term markdown json; do
		run sigmatrix report "$WORK/results.json" --format "$format"
		assert_success
		assert_output --regexp "$1"
	done
}

@test "a case is one file: list, run and report have it" {
	mkdir "$TREE/cases/my-group"
	readme_example 'Adding a case' >"$TREE/cases/my-group/my-case.case"
	assert_only_new cases my-group
	run sigmatrix lint
	assert_success
	run sigmatrix list cases
	assert_line --regexp '^my-group/my-case  +One simple command given to -c$'
	play --shell dash --shell bash --case my-group --case exec/simple-command
	assert_success
	assert_outcome my-group/my-case dash fork
	assert_outcome my-group/my-case bash exec
	assert_outcome exec/simple-command bash exec
	assert_in_reports my-case
	run sigmatrix explain my-group/my-case --shell bash
	assert_line 'Outcome: exec'
	assert_nothing_left
}

@test "a shell is one file: list, run and report have it" {
	readme_example 'Adding a shell' >"$TREE/shells/my-sh.shell"
	assert_only_new shells my-sh.shell
	cp "$(command -v dash)" "$WORK/bin/my-sh"
	PATH=$WORK/bin:$PATH
	run sigmatrix lint
	assert_success
	run sigmatrix list shells
	assert_line --regexp "^my-sh +My shell +$WORK/bin/my-sh"
	play --case exec/simple-command --case terminal/foreground-job --case hangup/disown
	assert_success
	run jq -r '.shells[].name' "$WORK/results.json"
	assert_line my-sh
	assert_line bash
	assert_outcome exec/simple-command my-sh fork
	assert_outcome terminal/foreground-job my-sh before-it-runs
	assert_outcome hangup/disown my-sh n/a
	assert_reason hangup/disown my-sh 'no disown'
	assert_in_reports my-sh
	assert_nothing_left
}

@test "run.sh installs the package that a new shell file names" {
	readme_example 'Adding a shell' >"$TREE/shells/my-sh.shell"
	cp "$ROOT/run.sh" "$TREE/"
	run sigmatrix list shells
	assert_line --regexp '^my-sh +My shell +my-sh is not installed: apt-get install my-sh$'
	# Without apt-get it names what it would install, and so cannot install it here.
	ln -s "$(command -v dirname)" "$(command -v sed)" "$(command -v sort)" "$WORK/bin/"
	run env PATH="$WORK/bin" /bin/sh "$TREE/run.sh" --install-only
	assert_success
	assert_output --regexp 'needed are .* dash .* my-sh '
}
