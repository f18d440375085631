#!/usr/bin/env bats
# The command line: what it says, where it says it, and how it ends.
# shellcheck disable=SC2154 # run --separate-stderr makes $stderr

bats_require_minimum_version 1.5.0
load fixtures/helper

one=(--case exec/simple-command --shell dash)

# usage_error MESSAGE ARGS...: exit status 2, nothing on standard output, MESSAGE on the other.
usage_error() {
	local message=$1
	shift
	run --separate-stderr sigmatrix "$@"
	assert_equal "$status" 2
	assert_output ''
	if [[ $stderr != *"$message"* ]]; then
		fail "'$message' is not in: $stderr"
	fi
}

@test "help begins with examples and goes to standard output" {
	run --separate-stderr sigmatrix --help
	assert_success
	assert_output --partial "sigmatrix run --case 'exec/*' --shell dash"
	assert_equal "$stderr" ''
	for command in run list explain lint report; do
		assert_output --regexp "  $command  "
	done
}

@test "every command has help" {
	for command in run list explain lint report; do
		run --separate-stderr sigmatrix "$command" --help
		assert_success
		assert_line --index 0 --partial "Usage: sigmatrix $command"
		assert_equal "$stderr" ''
		assert_tmpdir_empty
	done
}

@test "the help of run names every exit status" {
	run sigmatrix run --help
	assert_output --regexp 'Exit status: 0 .* 2 .* 3 '
}

@test "no command is a usage error, with help on standard error" {
	usage_error 'Commands:'
}

@test "a version is one line" {
	run sigmatrix --version
	assert_success
	assert_output --regexp '^sigmatrix [0-9.]+$'
}

@test "an unknown command, option, format, case or shell suggests the nearest" {
	usage_error "no command 'rnu'; did you mean 'run'?" rnu
	usage_error 'unknown option --jbos; did you mean --jobs?' run --jbos 3
	usage_error 'unknown option --jbos=3; did you mean --jobs?' run --jbos=3
	usage_error 'unknown option --vairant; did you mean --variant?' explain --vairant x
	usage_error "unknown format 'jsno'; did you mean 'json'?" run --format jsno
	usage_error "unknown format 'markdwon'; did you mean 'markdown'?" report --format markdwon x
	usage_error "'exec/simpel-command'; did you mean 'exec/simple-command'?" \
		run --case exec/simpel-command
	usage_error "'exec/simpel-command'; did you mean 'exec/simple-command'?" \
		explain exec/simpel-command --shell dash
	usage_error "no shell is called 'dahs'; did you mean 'dash'?" run --shell dahs
}

@test "what resembles nothing gets no suggestion" {
	usage_error "no command 'xyzzy'" xyzzy
	refute [ "${stderr/did you mean/}" != "$stderr" ]
	usage_error "no shell is called 'qqqqqq'" run --shell qqqqqq
	refute [ "${stderr/did you mean/}" != "$stderr" ]
}

@test "values of options are checked" {
	usage_error '--jobs 0: a number from 1' run --jobs 0
	usage_error '--jobs two: a number' run --jobs two
	usage_error '--jobs needs a value' run --jobs
	usage_error '--repeat -1: a number' run --repeat -1
	usage_error '--timeout-factor 0: a number above 0' run --timeout-factor 0
	usage_error '--timeout-factor nan: a number above 0' run --timeout-factor nan
	usage_error '--trace=maybe: auto, on or off' run --trace maybe
	usage_error '--isolation=x: auto, pid, user or subreaper' run --isolation x
	usage_error "'extra' is not an option" run extra
	assert_tmpdir_empty
}

@test "--color takes auto, always and never only" {
	usage_error 'auto, always or never' run "${one[@]}" --color purple
}

@test "explain wants one case and one shell; list and report say what they take" {
	usage_error 'name one case' explain
	usage_error 'name one shell' explain exec/simple-command
	usage_error "exec/simple-command has no variant 'x'" \
		explain exec/simple-command --shell dash --variant x
	usage_error "'list', 'list cases', 'list shells' or 'list links'" list everything
	usage_error 'name one results file' report
}

@test "two shells of one name are refused" {
	usage_error "two shells are called 'dash'" run "${one[@]}" --shell dash
	usage_error 'lower-case letters' run --case exec/simple-command --shell X=dash
}

@test "the matrix goes to standard output, talk to standard error" {
	run --separate-stderr sigmatrix run "${one[@]}"
	assert_success
	assert_output --regexp 'simple-command +· fork'
	assert_output --partial 'Summary'
	refute_output --partial 'played 1 cells'
	[[ $stderr == *'played 1 cells'* ]]
	[[ $stderr != *$'\r'* ]] # no progress line: it is not a terminal
	assert_nothing_left
}

@test "--quiet says nothing beside the matrix" {
	run --separate-stderr sigmatrix run "${one[@]}" --quiet
	assert_success
	assert_equal "$stderr" ''
}

@test "a terminal gets a progress line and colour" {
	run script -qec "TERM=xterm '$SIGMATRIX' run --case exec/simple-command --shell dash" /dev/null
	assert_success
	assert_output --partial $'\r[1/1] exec/simple-command dash'
	assert_output --partial $'\e[3'
	run script -qec "TERM=xterm '$SIGMATRIX' run --case exec/simple-command --shell dash --quiet" \
		/dev/null
	refute_output --partial '[1/1]'
}

@test "NO_COLOR, a dumb terminal and a pipe get no colour; the symbol and the word stay" {
	local command="'$SIGMATRIX' run --case exec/simple-command --shell dash --quiet"
	for environment in 'TERM=xterm NO_COLOR=1' 'TERM=dumb'; do
		run script -qec "$environment $command" /dev/null
		assert_output --partial '· fork'
		refute_output --partial $'\e['
	done
	TERM=xterm run sigmatrix run "${one[@]}"
	refute_output --partial $'\e['
}

@test "--color always and never win over what is found out" {
	NO_COLOR=1 run sigmatrix run "${one[@]}" --color always
	assert_output --partial $'\e['
	run script -qec "TERM=xterm '$SIGMATRIX' run --case exec/simple-command --shell dash \
		--color never --quiet" /dev/null
	refute_output --partial $'\e['
}

@test "--output keeps results and timelines, and nothing else" {
	run sigmatrix run "${one[@]}" --output "$WORK/m.json"
	assert_success
	run ls -A "$WORK"
	assert_output "m.json"$'\n'"m.timelines.jsonl"
	run jq -r '.schema, .host.complete, .cells[0].outcome' "$WORK/m.json"
	assert_output $'1\ntrue\nfork'
	run jq -r '.case' "$WORK/m.timelines.jsonl"
	assert_output 'exec/simple-command'
	assert_nothing_left
}

@test "JSON has sorted keys: two runs differ in nothing but date and command" {
	sigmatrix run "${one[@]}" --quiet --format json --output "$WORK/a.json" >"$WORK/printed"
	sigmatrix run "${one[@]}" --quiet --format json --output "$WORK/b.json" >/dev/null
	run cmp "$WORK/a.json" "$WORK/printed"
	assert_success
	for file in a b; do
		sed 's/"date":"[^"]*"//; s/"command":"[^"]*"//' "$WORK/$file.json" >"$WORK/$file"
	done
	run cmp "$WORK/a" "$WORK/b"
	assert_success
}

@test "report prints results in every format, as run did" {
	sigmatrix run "${one[@]}" --quiet --output "$WORK/m.json" >"$WORK/run.txt"
	for format in term markdown json; do
		run --separate-stderr sigmatrix report "$WORK/m.json" --format "$format" \
			--output "$WORK/out.$format"
		assert_success
		assert_output ''
		run grep -c fork "$WORK/out.$format"
		refute_output 0
	done
	run diff "$WORK/out.term" "$WORK/run.txt"
	assert_success
	run cmp "$WORK/out.json" "$WORK/m.json"
	assert_success
	run ls -A "$WORK"
	assert_equal "${#lines[@]}" 6 # no temporary file beside them
}

@test "list --where and report --where answer from a results file" {
	sigmatrix run --case exec/simple-command --case exec/exec-exit-trap --shell dash --shell bash --quiet \
		--output "$WORK/m.json" >/dev/null
	run --separate-stderr sigmatrix list --where differ --results "$WORK/m.json"
	assert_success
	assert_line --regexp '^  simple-command +· fork +· exec$'
	refute_output --partial 'n/a'
	assert_equal "$stderr" 'sigmatrix: 1 rows of 1 cases'
	run sigmatrix report "$WORK/m.json" --where outcome=fork --shell dash --format json
	assert_success
	run jq -r '[.cells[] | .case, .shell] | join(" ")' <<<"$output"
	assert_output 'exec/simple-command dash'
	run sigmatrix report "$WORK/m.json" --format conformance --shell dash
	assert_line '  · exec/simple-command  fork: a child ran the command while the shell waited'
}

@test "list --where says what is wrong with the question" {
	run sigmatrix list --where violates=zhs --results "$BATS_TEST_DIRNAME/../results/matrix.json"
	assert_failure 2
	assert_line "sigmatrix: list: the results have no shell 'zhs'; did you mean 'zsh'?"
	run sigmatrix list --where differ --results "$WORK/none.json"
	assert_failure 2
	assert_output --partial "$WORK/none.json"
	run sigmatrix list --shell dash
	assert_failure 2
	assert_output --partial 'go with --where'
}

@test "all deviations of one shell: of the reference matrix, as many as the matrix has" {
	local matrix=$BATS_TEST_DIRNAME/../results/matrix.json
	run --separate-stderr sigmatrix list --where violates=zsh --shell zsh --results "$matrix"
	assert_success
	[[ $stderr == "sigmatrix: $(jq '[.cells[] | select(.shell == "zsh" and
		.verdict == "violates")] | length' "$matrix") rows of "* ]]
}

@test "an output that cannot be written is an error, and nothing is left" {
	run --separate-stderr sigmatrix run "${one[@]}" --output "$WORK/none/m.json"
	assert_equal "$status" 3
	[[ $stderr == *"unable to write $WORK/none/m"*'No such file or directory'* ]]
	run --separate-stderr sigmatrix run "${one[@]}" --quiet
	sigmatrix run "${one[@]}" --quiet --output "$WORK/m.json" >/dev/null
	run --separate-stderr sigmatrix report "$WORK/m.json" --output "$WORK/none/x"
	assert_equal "$status" 3
	[[ $stderr == *"unable to write $WORK/none/x: No such file"* ]]
	assert_nothing_left
}

@test "a full disk is not success" {
	run bash -c '"$0" run --case exec/simple-command --shell dash --quiet >/dev/full' "$SIGMATRIX"
	assert_equal "$status" 3
	assert_output --partial 'unable to print the matrix: No space left on device'
}

@test "a run that cannot begin leaves no timelines behind" {
	TMPDIR=$WORK/none run sigmatrix run "${one[@]}" --output "$WORK/m.json"
	assert_equal "$status" 3
	run ls -A "$WORK"
	assert_output ''
}

@test "a reader that goes away leaves no directory behind" {
	run bash -c 'exec 2>/dev/null; "$0" run --case exec/simple-command --shell dash --quiet |
		true; exit "${PIPESTATUS[0]}"' "$SIGMATRIX"
	assert_nothing_left
}

@test "list shows cases with their variants, and shells" {
	run sigmatrix list --case 'exec/s*'
	assert_success
	assert_line --regexp '^exec/simple-command +One simple command given to -c$'
	assert_line --regexp '^exec/signal-trap .*\[.* .*\]$'
	assert_line --regexp '^dash +.*/dash  package dash '
	refute_line --regexp '^exec/and-first'
	run sigmatrix list shells
	refute_output --partial 'exec/'
	run sigmatrix list cases --cases "$FIXTURES/cases"
	assert_line --regexp '^liars/forward '
	refute_output --partial '/dash'
}

@test "explain shows prose, script, steps, the row with its line, and the timeline" {
	run --separate-stderr sigmatrix explain exec/simple-command --shell dash
	assert_success
	assert_line 'exec/simple-command on dash'
	assert_line 'The standard has a utility run in a separate environment but leaves it to the'
	assert_line '    actor job'
	assert_line --regexp '^    await +job ready$'
	assert_line 'Outcome: fork'
	assert_line --regexp '^    job\.ppid = shell\.pid, shell ended exit 7$'
	assert_line '    shell forks job'
	assert_line --regexp '^    job (ends: exit 7|is about to exit 7)$'
	# The row it names is the row.
	local place line
	place=$(grep -oE '[^ ]+/exec/simple-command\.case:[0-9]+$' <<<"$output")
	line=$(sed -n "${place##*:}p" "${place%:*}")
	[[ $line == '    fork  '* ]]
	assert_nothing_left
}

@test "explain draws the timeline of one variant as a picture of its own" {
	run --separate-stderr sigmatrix explain terminal/foreground-job --shell bash --format svg
	assert_success
	echo "$output" >"$WORK/p.svg"
	run xmllint --noout "$WORK/p.svg"
	assert_success
	run cat "$WORK/p.svg"
	assert_output --regexp '^<svg xmlns="http://www.w3.org/2000/svg" .*aria-label="Timeline of '
	for word in fork 'exec actor' 'gives the tty|takes the tty' 'class="ho"'; do
		assert_output --regexp "$word"
	done
	usage_error 'name one with --variant' explain exec/killed-command --shell dash --format svg
	usage_error 'text or svg is needed' explain exec/simple-command --shell dash --format png
}

@test "explain plays the variant asked for, or all" {
	run sigmatrix explain exec/killed-command --shell dash
	assert_success
	local all
	all=$(grep -c '^Outcome: ' <<<"$output")
	[ "$all" -gt 1 ]
	local variant
	variant=$(sed -n 's/^exec\/killed-command, variant \(.*\) on dash$/\1/p' <<<"$output" | tail -1)
	run sigmatrix explain exec/killed-command --shell dash --variant "$variant"
	assert_line "exec/killed-command, variant $variant on dash"
	assert_equal "$(grep -c '^Outcome: ' <<<"$output")" 1
}

@test "it works from any directory, with relative paths" {
	cd "$WORK"
	ln -s "$LIAR" my-liar
	run sigmatrix run --case exec/simple-command --shell 'x=./my-liar honest' --output m.json --quiet
	assert_success
	assert_output --regexp 'simple-command +· exec'
	assert_file_exists "$WORK/m.json"
	cd /
	run sigmatrix list cases --case exec/simple-command
	assert_success
}

@test "it plays with standard input closed, or none of the three open" {
	run bash -c '"$0" run --case exec/simple-command --case terminal/foreground-job --shell dash \
		--quiet --format json <&-' "$SIGMATRIX"
	assert_success
	run jq -r '.cells[].outcome' <<<"$output"
	assert_output $'fork\nbefore-it-runs'
	run bash -c '"$0" run --case exec/simple-command --case terminal/foreground-job --shell dash \
		--quiet --output "$1" <&- >&- 2>&-' "$SIGMATRIX" "$WORK/m.json"
	assert_equal "$status" 3 # the matrix could not be printed
	run jq -r '.cells[].outcome' "$WORK/m.json"
	assert_output $'fork\nbefore-it-runs'
	assert_nothing_left
}

@test "installed under any prefix it finds its cases, shells and actor" {
	make -s -C "$ROOT" install BUILD="$BUILD" DESTDIR="$WORK" PREFIX=/opt/x >/dev/null
	run "$WORK/opt/x/bin/sigmatrix" run --quiet --case exec/simple-command --shell dash
	assert_success
	assert_output --partial '· fork'
	assert_file_exists "$WORK/opt/x/share/man/man1/sigmatrix.1"
}
