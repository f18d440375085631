#!/usr/bin/env bats
# run --resume: whatever ends a run, what was played until then is not lost, and the run that goes on
# ends with the results of one that was never interrupted.
# shellcheck disable=SC2030,SC2031,SC2154 # variables of one test; run --separate-stderr makes $stderr

bats_require_minimum_version 1.5.0
load fixtures/helper

R=results.json

setup() {
	use_own_tmpdir
	cp -r "$ROOT/cases/exec" "$WORK/exec"
	mkdir -p "$WORK/cases"
	mv "$WORK/exec" "$WORK/cases/exec"
	# Cells whose outcome and facts are the same each time.
	these=(--cases "$WORK/cases" --case exec/simple-command --case 'exec/*exec*' --shell dash
		--shell bash --repeat 3)
	cd "$WORK" || return
}

# start OUTPUT ARGS...: begins a run in the background; $main is its pid.
start() {
	local output=$1
	shift
	env --default-signal "$SIGMATRIX" run --quiet "${these[@]}" --output "$output" "$@" \
		>stdout 2>stderr 3>&- &
	main=$!
}

# wait_for_plays OUTPUT COUNT: until so many plays are in the journal (the first line is none).
wait_for_plays() {
	wait_for_file "$1.part" "$main"
	until (($(wc -l <"$1.part") > $2)); do
		kill -0 "$main" || fail "the run ended before play $2"
	done 2>/dev/null
}

# plays: number of plays in the journal that are whole.
plays() {
	echo $(($(wc -l <"$R.part") - 1))
}

# interrupt COUNT ARGS...: a run that is killed when it has played so many.
interrupt() {
	local count=$1
	shift
	start "$R" --jobs 2 "$@"
	wait_for_plays "$R" "$count"
	kill -KILL "$main"
	wait "$main" || true
	assert_no_process_left
	assert_file_exists "$R.part"
}

go_on() {
	run --separate-stderr sigmatrix run "${these[@]}" --output "$R" --jobs 2 --resume
}

# comparable FILE: what must be the same in every run.
comparable() {
	sed 's/"date":"[^"]*"//; s/"command":"[^"]*"//' "$1"
}

# assert_as_never_interrupted: R and its timelines are those of a run in one piece.
assert_as_never_interrupted() {
	[[ -e whole.json ]] || sigmatrix run --quiet "${these[@]}" --output whole.json >/dev/null
	run cmp <(comparable "$R") <(comparable whole.json)
	assert_success
	run cmp <(jq -c '[.case, .variant, .shell]' results.timelines.jsonl | sort) \
		<(jq -c '[.case, .variant, .shell]' whole.timelines.jsonl | sort)
	assert_success
	run compgen -G '*.part'
	assert_output ''
}

# assert_refused TEXT...: status 2, each text is said, nothing is played and nothing touched.
assert_refused() {
	local before text
	before=$(cksum "$R"* results.timelines*)
	run --separate-stderr sigmatrix run "${these[@]}" --output "$R" "${args[@]}"
	assert_equal "$status" 2
	assert_output ''
	for text in "$@" 'nothing was played'; do
		[[ $stderr == *"$text"* ]] || fail "not '$text' but: $stderr"
	done
	assert_equal "$(cksum "$R"* results.timelines*)" "$before"
	assert_nothing_left
}

@test "killed at several moments, and killed again while it goes on" {
	local count before
	for count in 1 3 9 20; do
		rm -f results*
		interrupt "$count"
		before=$(plays)
		go_on
		assert_success
		[[ $stderr == *"$before had been played before"* ]]
		assert_as_never_interrupted
	done
	rm -f results*
	interrupt 2
	interrupt 8 --resume
	interrupt 16 --resume
	go_on
	assert_success
	assert_as_never_interrupted
}

@test "the results say when the run began, and by which command" {
	interrupt 2
	local began
	began=$(head -n 1 "$R.part" | jq -c '[.date, .command]')
	go_on
	assert_success
	run jq -c '[.host.date, .host.command]' "$R"
	assert_output "$began"
	run jq -r .host.complete "$R"
	assert_output true
}

@test "^C keeps results, and says how to go on" {
	start "$R" --jobs 2
	wait_for_plays "$R" 4
	kill -INT "$main"
	local ended=0
	wait "$main" || ended=$?
	assert_equal "$ended" 130
	run cat stderr
	assert_output --partial 'with --resume plays the others'
	run jq -r .host.complete "$R"
	assert_output false
	# The timelines of what was played are there to be read, too.
	run cmp results.timelines.jsonl results.timelines.jsonl.part
	assert_success
	go_on
	assert_success
	assert_as_never_interrupted
	assert_nothing_left
}

@test "^C before anything was played leaves nothing to go on with" {
	"$SIGMATRIX" run --quiet --case exec/simple-command --jobs 1 \
		--shell "hangs=$LIAR hangs=$WORK/flag" --output "$R" >stdout 2>stderr 3>&- &
	main=$!
	wait_for_file "$WORK/flag" "$main"
	kill -TERM "$main"
	wait "$main" || true
	run cat stderr
	refute_output --partial '--resume'
	run compgen -G '*.part'
	assert_output ''
}

@test "what could not be played is played again" {
	these=(--case exec/simple-command --shell "first=$LIAR honest"
		--shell "hangs=$LIAR hangs=$WORK/flag")
	start "$R" --jobs 1
	wait_for_file "$WORK/flag" "$main"
	pkill -KILL -P "$main"
	wait "$main" || true
	assert_outcome exec/simple-command hangs broken
	run compgen -G '*.part'
	assert_output ''
	# Had it been interrupted, the broken cell would not be in the journal.
	rm "$WORK/flag"
	these+=(--shell "again=$LIAR hangs=$WORK/flag2")
	start "$R" --jobs 1
	wait_for_file "$WORK/flag" "$main"
	pkill -KILL -P "$main"
	wait_for_file "$WORK/flag2" "$main"
	kill -KILL "$main"
	wait "$main" || true
	run jq -r '.cell.shell // empty' "$R.part"
	assert_output first
}

@test "a journal that nobody asks for is not lost" {
	interrupt 3
	args=()
	assert_refused "was interrupted after $(plays) plays" 'go on with --resume' "remove $R.part"
	rm "$R.part"
	run sigmatrix run --quiet "${these[@]}" --output "$R"
	assert_success
	assert_as_never_interrupted
}

@test "a journal without a play is nothing to lose" {
	interrupt 1
	head -n 1 "$R.part" >header
	local begun
	begun=$(head -c 40 header)
	for text in "$(cat header)"$'\n' "$begun" '' '{"sigm'; do
		printf %s "$text" >"$R.part"
		run sigmatrix run --quiet "${these[@]}" --output "$R"
		assert_success
		assert_as_never_interrupted
		printf %s "$text" >"$R.part"
		go_on
		assert_success
		assert_as_never_interrupted
	done
}

@test "nothing to resume from: said, and all is played" {
	go_on
	assert_success
	[[ $stderr == *"there is no $R.part to resume from"* ]]
	assert_as_never_interrupted
	run sigmatrix run --resume
	assert_equal "$status" 2
	assert_output --partial '--resume needs --output'
}

@test "a last line that was being written is passed over" {
	interrupt 5
	local before
	before=$(plays)
	for cut in 1 20 200; do
		cp "$R.part" kept-journal
		sed -n 3p kept-journal | head -c "$cut" >>"$R.part"
		args=()
		assert_refused "was interrupted after $before plays"
		cp kept-journal "$R.part"
	done
	sed -n 3p kept-journal | head -c 200 >>"$R.part"
	go_on
	assert_success
	[[ $stderr == *"$before had been played before"* ]]
	assert_as_never_interrupted
}

@test "a journal that is damaged is refused, with the line" {
	interrupt 6
	args=(--resume)
	cp "$R.part" kept-journal
	sed '3s/.*/{"job":/' kept-journal >"$R.part"
	assert_refused "$R.part:3: the journal is damaged" 'remove it to start anew'
	sed '4s/"job":[0-9]*/"job":-1/' kept-journal >"$R.part"
	assert_refused "$R.part:4: the journal is damaged: it is no play"
	sed '2s/"job":[0-9]*/"job":100000/' kept-journal >"$R.part"
	assert_refused "$R.part:2: the journal is damaged: it is of no play of this run"
	sed '2s/"shell":"[a-z]*"/"shell":"fish"/' kept-journal >"$R.part"
	assert_refused "$R.part:2: the journal is damaged: it is of no play of this run"
	sed '3{p;}' kept-journal >"$R.part"
	assert_refused "$R.part:4: the journal is damaged: the play is there twice"
	sed '5d;4{s/$/x/;}' kept-journal >"$R.part"
	assert_refused "$R.part:4: the journal is damaged"
	tr 'a' '\000' <kept-journal >"$R.part"
	assert_refused "$R.part:1: "
	sed '1s/"sigmatrix-journal":1/"sigmatrix-journal":2/' kept-journal >"$R.part"
	assert_refused 'journals of version 1 only'
	sed 1d kept-journal >"$R.part"
	assert_refused "$R.part:1: this is no journal of sigmatrix"
	args=()
	for text in 'my notes' $'my\nnotes\n'; do
		printf %s "$text" >"$R.part"
		assert_refused "$R.part:1: this is no journal of sigmatrix"
	done
	cp kept-journal "$R.part"
	go_on
	assert_success
	assert_as_never_interrupted
}

@test "timelines that are shorter than the journal says: their cells are played again" {
	interrupt 6
	local size
	size=$(stat -c %s results.timelines.jsonl.part)
	truncate -s $((size / 2)) results.timelines.jsonl.part
	go_on
	assert_success
	assert_as_never_interrupted
	rm results*
	interrupt 6
	rm results.timelines.jsonl.part
	go_on
	assert_success
	assert_as_never_interrupted
}

@test "another case file, another shell, other options, another program: refused by name" {
	interrupt 3
	args=(--resume)
	local case=cases/exec/simple-command.case
	cp "$case" kept
	sed 's/^title: .*/title:   Another/' kept >"$case"
	assert_refused "is of another run: 'sigmatrix run " 'case exec/simple-command: was changed'
	cp kept "$case"
	cp kept cases/exec/xexec.case
	assert_refused 'case exec/xexec: was not there'
	rm cases/exec/xexec.case
	args=(--resume --repeat 4)
	assert_refused 'option --repeat: was 3, is 4'
	args=(--resume --trace off)
	assert_refused 'option --trace: was ptrace, is off'
	args=(--resume --shell mksh)
	assert_refused 'option --shell: was dash bash, is dash bash mksh'
	args=(--resume)
	mkdir other
	cp "$SIGMATRIX" "$BUILD/actor" other
	printf x >>other/sigmatrix
	ln -s "$ROOT/shells" shells
	SIGMATRIX=$WORK/other/sigmatrix assert_refused 'program sigmatrix: was changed'
	go_on
	assert_success
	assert_as_never_interrupted
}

@test "a shell that was changed under way" {
	cp "$(command -v dash)" my-dash
	these=(--case 'exec/*exec*' --shell "mine=$WORK/my-dash" --repeat 3)
	interrupt 3
	printf x >>my-dash
	args=(--resume)
	assert_refused "shell mine: was $WORK/my-dash"
	cp "$(command -v dash)" my-dash
	go_on
	assert_success
	assert_as_never_interrupted
}

@test "two runs into one file: the second is refused while the first goes on" {
	"$SIGMATRIX" run --quiet --case exec/simple-command --jobs 1 --shell "first=$LIAR honest" \
		--shell "hangs=$LIAR hangs=$WORK/flag" --output "$R" >stdout 2>stderr 3>&- &
	main=$!
	wait_for_file "$WORK/flag" "$main"
	for option in --quiet --resume; do
		run sigmatrix run "${these[@]}" --output "$R" "$option"
		assert_equal "$status" 2
		assert_output --partial "another sigmatrix (process $main) is writing $R.part"
	done
	kill -TERM "$main"
	wait "$main" || true
	assert_equal "$(jq -r '[.cells[].shell] | join(" ")' "$R")" first
}

@test "a device is written to, with nothing beside it" {
	run sigmatrix run --quiet "${these[@]}" --output /dev/null
	assert_success
	run compgen -G '/dev/null?*'
	assert_output ''
}

@test "results that cannot be written are not lost" {
	start "$R" --jobs 2
	wait_for_plays "$R" 1
	mkdir "$R"
	local ended=0
	wait "$main" || ended=$?
	assert_equal "$ended" 3
	run cat stderr
	assert_output --partial "unable to write $R: Is a directory"
	assert_output --partial 'with --resume'
	rmdir "$R"
	go_on
	assert_success
	[[ $stderr == *'played 0 cells'* ]]
	assert_as_never_interrupted
}
