#!/usr/bin/env bats
# Shells that lie on purpose (fixtures/liar.c), each once: the harness must see each for what it is,
# and the honest one must come out healthy, or the test would prove nothing.
# shellcheck disable=SC2016,SC2030,SC2031 # text for bash -c; status is the test's own

bats_require_minimum_version 1.5.0
load fixtures/helper

liar() {
	printf -- '--shell\n%s=%s %s\n' "${1%%=*}" "$LIAR" "$1"
}

# play_liars LIE... -- ARGS...: plays them beside the honest one.
play_liars() {
	local shells=()
	mapfile -t shells < <(liar honest)
	while [[ $1 != -- ]]; do
		mapfile -t -O "${#shells[@]}" shells < <(liar "$1")
		shift
	done
	shift
	play "${shells[@]}" "$@"
}

@test "forks always" {
	for trace in on off; do
		play_liars forks -- --case exec/simple-command --case exec/explicit-exec --trace "$trace"
		assert_success
		assert_outcome exec/simple-command honest exec
		assert_outcome exec/simple-command forks fork
		assert_outcome exec/explicit-exec honest exec
		assert_outcome exec/explicit-exec forks fork
	done
}

@test "never calls tcsetpgrp" {
	play_liars never-gives -- --case terminal/foreground-job --case terminal/holders-in-order \
		--case terminal/handover-caller
	assert_success
	assert_outcome terminal/foreground-job honest before-it-runs
	assert_outcome terminal/foreground-job never-gives never
	assert_outcome terminal/holders-in-order honest job-and-back
	assert_outcome terminal/holders-in-order never-gives keeps
	assert_outcome terminal/handover-caller never-gives nobody
	play_liars never-gives -- --case terminal/foreground-job --trace off
	assert_outcome terminal/foreground-job honest before-it-runs
	assert_outcome terminal/foreground-job never-gives never
}

@test "never takes the terminal back" {
	for trace in on off; do
		play_liars never-takes -- --case terminal/back-after-exit --trace "$trace"
		assert_outcome terminal/back-after-exit honest returned
		assert_outcome terminal/back-after-exit never-takes lost
	done
}

@test "forwards what the terminal has sent already, and every kill twice" {
	for trace in on off; do
		play_liars twice -- --case forwarding/ctrl-c-child-exits --trace "$trace"
		assert_outcome forwarding/ctrl-c-child-exits honest at-once
		assert_outcome forwarding/ctrl-c-child-exits twice twice
		play_liars twice -- --cases "$FIXTURES/cases" --case liars/forward --trace "$trace"
		assert_outcome liars/forward honest once
		assert_outcome liars/forward twice twice
	done
}

@test "dies without its signal" {
	for trace in on off; do
		play_liars exits -- --case forwarding/ctrl-c-child-dies --trace "$trace"
		assert_success
		assert_outcome forwarding/ctrl-c-child-dies honest both-die
		assert_outcome forwarding/ctrl-c-child-dies exits exits
	done
}

@test "hangs: its deadline is the outcome of its cell, and the run goes on" {
	local flag=$WORK/flag
	play_liars "hangs=$flag" -- --case exec/simple-command --case terminal/foreground-job \
		--timeout-factor 0.02 --jobs 1
	assert_equal "$status" 3
	assert_file_exists "$flag"
	for case in exec/simple-command terminal/foreground-job; do
		assert_outcome $case hangs timeout
		assert_reason $case hangs 'no end within 0.6 s .* shell is waiting with a timeout'
	done
	assert_outcome exec/simple-command honest exec
	assert_outcome terminal/foreground-job honest before-it-runs
	assert_nothing_left
}

@test "waits for ever without a deadline of its own: told at once, not timed out" {
	play_liars "pauses=$WORK/flag" -- --case exec/simple-command --cases "$ROOT/cases"
	assert_equal "$status" 3
	assert_outcome exec/simple-command pauses unknown
	assert_reason exec/simple-command pauses 'stuck: await job ready'
	play_liars "pauses=$WORK/flag" -- --cases "$FIXTURES/cases" --case liars/shell
	assert_success
	assert_outcome liars/shell pauses asleep
	assert_outcome liars/shell honest 'done'
	assert_nothing_left
}

@test "crashes: nobody sent the signal" {
	play_liars crashes -- --cases "$FIXTURES/cases" --case liars/crash --trace on
	assert_success
	assert_outcome liars/crash crashes crash
	assert_outcome liars/crash honest 'done'
	assert_nothing_left
}

# within LIMIT ARGS...: plays with so many kB of address space for each process.
within() {
	local kilobytes=$1
	shift
	grep -q __asan_init "$SIGMATRIX" && kilobytes=unlimited
	run --separate-stderr bash -c 'ulimit -v "$0"; exec "$@"' "$kilobytes" "$SIGMATRIX" run \
		--quiet --case exec/simple-command --case terminal/foreground-job \
		--shell "honest=$LIAR honest" --output "$WORK/results.json" "$@"
	assert_equal "$status" 3
	assert_outcome exec/simple-command honest exec
	assert_outcome terminal/foreground-job honest before-it-runs
	# Tens of thousands of events a cell, not millions.
	run find "$WORK" -name '*.json*' -size +100M
	assert_output ''
	assert_nothing_left
}

@test "floods us with marks: a timeout that says so, within bounded memory and disk" {
	within 400000 --shell "floods=$LIAR floods-marks"
	for case in exec/simple-command terminal/foreground-job; do
		assert_outcome $case floods timeout
		assert_reason $case floods 'floods: more than [0-9]+ events'
	done
}

@test "floods the terminal, or makes processes without end: a timeout, and the run goes on" {
	within 400000 --shell "prints=$LIAR floods-terminal" --shell "forks=$LIAR floods-forks" \
		--timeout-factor 0.05
	for case in exec/simple-command terminal/foreground-job; do
		assert_outcome $case prints timeout
		assert_outcome $case forks timeout
	done
}

# What a terminal would obey: C0 but newline and tab, DEL, and C1 in UTF-8.
assert_harmless() {
	run env LC_ALL=C grep -naP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1"
	assert_output ''
	run iconv -f UTF-8 -t UTF-8 -o /dev/null "$1"
	assert_success
}

@test "prints terminal escapes: they reach nobody's terminal" {
	local evil=$WORK/a$'\e[31m'b
	mkdir "$evil"
	cp "$LIAR" "$evil/liar"
	play --shell "evil=$evil/liar escapes" --case exec/simple-command
	assert_success
	assert_outcome exec/simple-command evil exec
	for format in term markdown json; do
		sigmatrix report --format "$format" "$WORK/results.json" >"$WORK/out"
		assert_harmless "$WORK/out"
	done
	assert_harmless "$WORK/results.json"
	assert_harmless "$WORK/results.timelines.jsonl"
	sigmatrix explain --shell "evil=$evil/liar escapes" exec/simple-command >"$WORK/out" 2>&1
	assert_harmless "$WORK/out"
	run cat "$WORK/out"
	assert_output --partial 'mark evil=\x1b[2J\x1b]0;owned\x07' # shown, not swallowed
	sigmatrix run --shell "evil=$evil/none" >"$WORK/out" 2>&1 || true
	assert_harmless "$WORK/out"
	run cat "$WORK/out"
	assert_output --partial 'a\x1b[31mb/none'
}

@test "a results file that holds terminal escapes is printed without them" {
	play --shell "x=$LIAR honest" --case exec/simple-command
	jq '.shells[0].version = "\u001b[2J\u009b2J" | .cases[0].title = "\u001b]0;owned\u0007" |
		.cells[0].reason = "\u001b[31m" | .cells[0].outcome = "unknown" |
		.cells[0].verdict = "" | .host.system = "\u001b[2J"' \
		"$WORK/results.json" >"$WORK/evil.json"
	for format in term markdown; do
		sigmatrix report --format "$format" "$WORK/evil.json" >"$WORK/out"
		assert_harmless "$WORK/out"
		grep -q x1b "$WORK/out"
	done
}

@test "leaves a daemon behind that ignores every signal: gone after its scene" {
	local isolation trace
	for isolation in auto subreaper; do
		for trace in on off; do
			play_liars daemon -- --case exec/simple-command --case terminal/foreground-job \
				--isolation "$isolation" --trace "$trace"
			assert_success
			assert_outcome exec/simple-command daemon exec
			assert_outcome terminal/foreground-job daemon before-it-runs
			assert_nothing_left
		done
	done
	# It was there: the harness saw it being made.
	run sigmatrix explain exec/simple-command --shell "daemon=$LIAR daemon"
	assert_line --regexp 'starts its own session$'
}

@test "answers differently from time to time: unstable, with counts" {
	play --shell "flips=$LIAR flips=$WORK/coin" --shell "honest=$LIAR honest" \
		--case exec/simple-command --repeat 5 --jobs 1
	assert_success
	assert_outcome exec/simple-command flips unstable
	assert_outcome exec/simple-command honest exec
	run jq -c '.cells[] | .runs' "$WORK/results.json"
	assert_output $'{"exec":3,"fork":2}\n{"exec":5}'
	run sigmatrix report "$WORK/results.json"
	assert_output --partial '~ exec 3/fork 2'
	# The unstable is neither for nor against a shell.
	assert_line --regexp 'flips +0 conforms +0 permitted +0 violates +1 doubt'
}

@test "leaves its commands a descriptor" {
	mkdir -p "$WORK/cases/leaks"
	cat >"$WORK/cases/leaks/one.case" <<-'END'
		title:   Descriptors
		mode:    script
		spec:    unspecified

		A copy of descriptor 0 is one too many.

		script:
		    actor job

		steps:
		    await   job ready
		    settle

		outcomes:
		    none  job.descriptors = 0  conforms  none
		    one   job.descriptors = 1  violates  one
	END
	for trace in on off; do
		play_liars leaks -- --cases "$WORK/cases" --trace "$trace"
		assert_success
		assert_outcome leaks/one honest none
		assert_outcome leaks/one leaks one
	done
}
