#!/usr/bin/env bats
# Files that are wrong: a message with file and line, the right exit status, nothing lost.
# shellcheck disable=SC2154 # run --separate-stderr makes $stderr

bats_require_minimum_version 1.5.0
load fixtures/helper

# assert_complaint FILE LINE TEXT: lint says TEXT of that line of fixtures/malformed/FILE, and run
# plays nothing.
assert_complaint() {
	local file=$FIXTURES/malformed/$1
	run --separate-stderr sigmatrix lint "$file"
	assert_equal "$status" 2
	if ! grep -qF "sigmatrix: $file:$2: " <<<"$stderr" || [[ $stderr != *"$3"* ]]; then
		fail "not '$file:$2: ... $3' but: $stderr"
	fi
	assert_equal "$(grep -c "^sigmatrix: $file:" <<<"$stderr")" 1
	mkdir -p "$WORK/cases/bad"
	cp "$file" "$WORK/cases/bad/"
	run --separate-stderr sigmatrix run --cases "$WORK/cases" --shell dash
	assert_equal "$status" 2
	assert_output ''
	[[ $stderr == *"$WORK/cases/bad/$1:$2: "*'nothing was played'* ]]
	rm -r "$WORK/cases"
	assert_nothing_left
}

@test "an unknown key, with the nearest" {
	assert_complaint unknown-key.case 3 "'terminal'"
}

@test "an unknown feature, with the nearest, in a case and in a shell file" {
	assert_complaint unknown-feature.case 3 "'job-control'"
	local file=$FIXTURES/malformed/unknown-feature.shell
	run sigmatrix lint "$file"
	assert_equal "$status" 2
	assert_line --index 0 "sigmatrix: $file:3: unknown feature 'wait_n'; did you mean 'wait-n'?"
}

@test "lint checks all that is below a directory" {
	mkdir -p "$WORK/tree/deep"
	cp "$BATS_TEST_DIRNAME/../shells/dash.shell" "$WORK/tree/"
	run sigmatrix lint "$WORK/tree"
	assert_success
	echo 'colour: red' >"$WORK/tree/deep/x.link"
	run sigmatrix lint "$WORK/tree"
	assert_failure 2
	assert_line --partial "$WORK/tree/deep/x.link:1: unknown key"
	run sigmatrix lint "$WORK/tree/deep/.."
	assert_failure 2
	mkdir "$WORK/empty"
	run sigmatrix lint "$WORK/empty"
	assert_failure 2
	assert_line --partial "nothing below it can be checked"
}

@test "the features lint knows are those of docs/case-format.md" {
	local documented
	# shellcheck disable=SC2016 # backquotes of the table
	documented=$(sed -n '/^## 5\./,/^## 6\./s/^| `\([a-z-]*\)` |.*/\1/p' "$ROOT/docs/case-format.md")
	sed 's/wait_n/xxxxxxxxxxxx/' "$FIXTURES/malformed/unknown-feature.shell" >"$WORK/x.shell"
	run sigmatrix lint "$WORK/x.shell"
	assert_line --index 0 --partial "; known: ${documented//$'\n'/, }"
	[[ ${lines[0]} == *"${documented##*$'\n'}" ]]
}

@test "a link file without its kind, and one with a variable that is not put in" {
	local file=$FIXTURES/malformed/no-kind.link
	run sigmatrix lint "$file"
	assert_equal "$status" 2
	assert_line --index 0 "sigmatrix: $file:1: there is no 'kind'; a link is an init or a wrapper"
	file=$FIXTURES/malformed/unknown-variable.link
	run sigmatrix lint "$file"
	assert_equal "$status" 2
	assert_line --index 0 --partial "$file:4: '\${COMMAD}' is not put in"
}

@test "a case for links with two commands" {
	assert_complaint two-commands.case 7 "'command:' is one line"
}

@test "an unknown verb, with the nearest" {
	assert_complaint unknown-verb.case 12 "'await'"
}

@test "an unknown fact, with the nearest" {
	assert_complaint unknown-fact.case 17 "'pgid'"
}

@test "an unknown signal in a step" {
	assert_complaint unknown-signal.case 13 "'INT'"
}

@test "a row about somebody who is not in the scene" {
	assert_complaint unknown-participant.case 17 "'job'"
}

@test "a row that contradicts itself" {
	assert_complaint contradiction.case 17 'can never hold'
}

@test "a row hidden by an earlier one" {
	assert_complaint hidden-row.case 18 'can never hold'
}

@test "an absence without settle" {
	assert_complaint absence.case 16 'settle'
}

@test "a label that is the player's own" {
	assert_complaint own-label.case 17 "'broken'"
}

@test "a header without a title" {
	assert_complaint no-title.case 1 "'title'"
}

@test "bytes that are no text" {
	assert_complaint not-text.case 6 'UTF-8'
}

@test "every malformed file has a complaint, and the good ones have none" {
	for file in "$FIXTURES"/malformed/*.case; do
		run sigmatrix lint "$file"
		assert_equal "$status" 2
	done
	run sigmatrix lint --cases "$FIXTURES/cases"
	assert_success
	run sigmatrix lint
	assert_success
}

@test "one bad file of many: all complaints are made, nothing is played" {
	mkdir -p "$WORK/cases"
	cp -r "$FIXTURES/cases/liars" "$WORK/cases/"
	cp "$FIXTURES"/malformed/unknown-{key,verb}.case "$WORK/cases/liars/"
	run --separate-stderr sigmatrix run --cases "$WORK/cases" --shell dash
	assert_equal "$status" 2
	assert_output ''
	[[ $stderr == *unknown-key.case:3:* && $stderr == *unknown-verb.case:12:* ]]
}

@test "a complaint about a hostile file sends the terminal no escapes" {
	mkdir -p "$WORK/cases/bad"
	sed $'s/^termnal:/\e[2Jkey:/' "$FIXTURES/malformed/unknown-key.case" >"$WORK/cases/bad/x.case"
	run sigmatrix lint --cases "$WORK/cases"
	assert_equal "$status" 2
	assert_output --partial 'x.case:3:'
	refute_output --partial $'\e'
}

@test "files and directories that are not there" {
	run sigmatrix lint "$WORK/none.case"
	assert_equal "$status" 2
	assert_output --partial "$WORK/none.case: unable to read: No such file or directory"
	run sigmatrix lint "$FIXTURES/helper.bash"
	assert_equal "$status" 2
	assert_output --partial 'must end in .case, .shell, .link, .topic, .claim or .flow'
	run sigmatrix run --cases "$WORK/none"
	assert_equal "$status" 2
	assert_output --partial "$WORK/none: unable to read the directory: No such file or directory"
}

@test "a shell that is not there, or is no program" {
	for command in "$WORK/none" "$WORK" "$FIXTURES/helper.bash" ''; do
		run --separate-stderr sigmatrix run --case exec/simple-command --shell "x=$command"
		assert_equal "$status" 2
		assert_output ''
	done
	run sigmatrix run --shell "x=$WORK/none"
	assert_output "sigmatrix: unable to run $WORK/none: No such file or directory"
	run sigmatrix run --shell "x=$FIXTURES/helper.bash"
	assert_output --partial 'not executable'
	assert_nothing_left
}

@test "a program that cannot be executed is a broken cell that says why; the run goes on" {
	printf '#!/nonexistent/interpreter\n' >"$WORK/no-interpreter"
	printf '\177ELFgarbage' >"$WORK/no-program"
	chmod +x "$WORK"/no-*
	play --case exec/simple-command --shell "gone=$WORK/no-interpreter" \
		--shell "junk=$WORK/no-program" --shell dash
	assert_equal "$status" 3
	assert_outcome exec/simple-command gone broken
	assert_reason exec/simple-command gone 'unable to execve: No such file or directory'
	assert_outcome exec/simple-command junk broken
	assert_reason exec/simple-command junk 'unable to execve: Exec format error'
	assert_outcome exec/simple-command dash fork
	assert_nothing_left
}

@test "a results file that is not there, no file, empty, cut short, or of another schema" {
	play --case exec/simple-command --shell dash
	head -c 400 "$WORK/results.json" >"$WORK/short.json"
	: >"$WORK/empty.json"
	echo '[1, 2]' >"$WORK/list.json"
	jq '.schema = 99' "$WORK/results.json" >"$WORK/future.json"
	jq 'del(.cells[0].outcome)' "$WORK/results.json" >"$WORK/lacks.json"
	local name
	for name in none short empty list future lacks; do
		run --separate-stderr sigmatrix report "$WORK/$name.json"
		assert_equal "$status" 2
		assert_output ''
		[[ $stderr == "sigmatrix: $WORK/$name.json:"* ]]
	done
	run sigmatrix report "$WORK"
	assert_equal "$status" 2
	assert_output --partial 'Is a directory'
	run sigmatrix report "$WORK/short.json"
	assert_output --regexp 'short\.json:[0-9]+: .*cut short'
	run sigmatrix report "$WORK/future.json"
	assert_output --partial 99
	run sigmatrix report "$WORK/lacks.json"
	assert_output --partial outcome
	run sigmatrix report "$WORK/results.json"
	assert_success
}

@test "an unreadable results file" {
	((EUID == 0)) && skip 'root reads everything'
	echo '{}' >"$WORK/x.json"
	chmod 0 "$WORK/x.json"
	run sigmatrix report "$WORK/x.json"
	assert_equal "$status" 2
	assert_output --partial 'Permission denied'
}

@test "TMPDIR where nothing can be made" {
	TMPDIR=$WORK/none run sigmatrix run --case exec/simple-command --shell dash
	assert_equal "$status" 3
	assert_output "sigmatrix: unable to make a directory for the run in $WORK/none: No such file \
or directory (set TMPDIR to a writable place with room and a short name)"
}

@test "TMPDIR too long for a socket: said once, with what to do" {
	local long
	long=$WORK/$(printf 'x%.0s' {1..100})
	mkdir "$long"
	TMPDIR=$long run sigmatrix run --case exec/simple-command --case exec/explicit-exec --shell dash
	assert_equal "$status" 3
	assert_output --partial 'TMPDIR'
	assert_equal "$(grep -c 'too long' <<<"$output")" 1
	run ls -A "$long"
	assert_output ''
}

@test "lint refuses a name that run would refuse" {
	mkdir -p "$WORK/Group/group"
	cp "$ROOT/cases/exec/simple-command.case" "$WORK/Group/"
	cp "$ROOT/cases/exec/simple-command.case" "$WORK/Group/group/Upper.case"
	cp "$ROOT/shells/dash.shell" "$WORK/Dash.shell"
	for file in Group/simple-command.case Group/group/Upper.case Dash.shell; do
		run sigmatrix lint "$WORK/$file"
		assert_equal "$status" 2
		assert_line --index 0 --regexp "$file: .* must be lower-case letters"
	done
	# By a name that says no group, from where it is.
	cd "$ROOT/cases/exec"
	run sigmatrix lint simple-command.case
	assert_success
}

# A file of that size took a minute or memory without bound: linear work has bounds.
# shellcheck disable=SC2016 # ${A} is for the case file
@test "a small case file cannot become a large one" {
	local head=$'title: x\nmode: script\nspec: unspecified\nvary: A = ' prose=$'\n\nProse.\n\n'
	local rest=$'outcomes:\n    done  shell ended  permitted  it is\n'
	mkdir "$WORK/a"
	printf '%s%s%sscript:\n    %s\n%s' "$head" "$(printf 'echo.;%.0s' {1..600})" "$prose" \
		"$(printf '${A}%.0s' {1..1000})" "$rest" >"$WORK/a/grows.case"
	run sigmatrix lint "$WORK/a/grows.case"
	assert_line --index 0 --regexp 'grows.case:8: with the values .* longer than 65536 bytes'
	printf '%sa%sscript:\n    :\n%s%s\n' "$head" "$prose" "$rest" \
		"$(printf '\nfile f%s:\n    x' {1..127})" >"$WORK/a/blocks.case"
	run sigmatrix lint "$WORK/a/blocks.case"
	assert_line --index 0 --regexp 'blocks.case:[0-9]+: more than 128 blocks'
	printf '%sa%sscript:\n    :\n%s%s\n' "$head" "$prose" "$rest" \
		"$(printf '\nscript %s:\n    :' {a..h})" >"$WORK/a/dialects.case"
	run sigmatrix lint "$WORK/a/dialects.case"
	assert_line --index 0 --regexp 'dialects.case:[0-9]+: more than 8 dialects'
}
