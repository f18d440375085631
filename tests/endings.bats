#!/usr/bin/env bats
# However a run ends, nothing stays behind: no process, socket, FIFO or directory.
# shellcheck disable=SC2030,SC2031 # main is used in the test that sets it

bats_require_minimum_version 1.5.0
load fixtures/helper

# start_run ARGS...: in the background, with a first cell that ends and a second that hangs; returns
# when the second is being played. $main is its pid.
start_run() {
	flag=$WORK/flag
	# A shell lets what it starts with & ignore SIGINT.
	env --default-signal "$SIGMATRIX" run --case exec/simple-command --jobs 1 --quiet \
		--shell "first=$LIAR honest" --shell "hangs=$LIAR hangs=$flag" \
		--shell "last=$LIAR honest" --output "$WORK/results.json" "$@" \
		>"$WORK/stdout" 2>"$WORK/stderr" 3>&- &
	main=$!
	wait_for_file "$flag" "$main"
}

# end_run: waits for it; its status is in $ended.
end_run() {
	ended=0
	wait "$main" || ended=$?
}

# assert_kept: what was measured until then is there, in order, and beside it what --resume needs.
assert_kept() {
	run jq -c '.host.complete, [.cells[] | .shell, .outcome]' "$WORK/results.json"
	assert_output $'false\n["first","exec"]'
	run sigmatrix report "$WORK/results.json"
	assert_success
	assert_output --partial 'INTERRUPTED'
	run ls -A "$WORK"
	assert_output 'flag
results.json
results.json.part
results.timelines.jsonl
results.timelines.jsonl.part
stderr
stdout'
}

@test "a normal end leaves nothing" {
	for isolation in auto subreaper; do
		run sigmatrix run --shell dash --case 'exec/*' --case terminal/back-after-suspend --quiet \
			--isolation "$isolation"
		assert_success
		assert_nothing_left
	done
}

@test "^C keeps what was measured, leaves nothing, and ends by SIGINT" {
	start_run
	kill -INT "$main"
	end_run
	assert_equal "$ended" 130
	assert_kept
	grep -q 'stopped by Interrupt: 1 of 3 cells' "$WORK/stderr"
	assert_nothing_left
}

@test "SIGTERM and SIGHUP do the same" {
	for signal in TERM HUP; do
		rm -rf "${WORK:?}"/*
		start_run
		kill -"$signal" "$main"
		end_run
		assert_equal "$ended" $((128 + $(kill -l "$signal")))
		assert_kept
		assert_nothing_left
	done
}

@test "^C typed at the terminal reaches the whole group, and does the same" {
	flag=$WORK/flag
	mkfifo "$WORK/keys"
	env --default-signal script -qec "'$SIGMATRIX' run --case exec/simple-command --jobs 1 --quiet \
		--shell 'first=$LIAR honest' --shell 'hangs=$LIAR hangs=$flag' \
		--output '$WORK/results.json'; echo status=\$?" /dev/null \
		<"$WORK/keys" >"$WORK/screen" 3>&- &
	main=$!
	exec 4>"$WORK/keys"
	wait_for_file "$flag" "$main"
	printf '\003' >&4
	end_run
	exec 4>&-
	grep -q 'stopped by Interrupt: 1 of 2 cells' "$WORK/screen"
	run jq -c '.host.complete, [.cells[] | .shell, .outcome]' "$WORK/results.json"
	assert_output $'false\n["first","exec"]'
	assert_nothing_left
}

@test "^C with many workers, untraced and without namespaces" {
	for how in '--trace off' '--isolation subreaper' '--isolation subreaper --trace off'; do
		rm -rf "${WORK:?}"/*
		# shellcheck disable=SC2086 # several words
		start_run --jobs 8 $how
		kill -INT "$main"
		end_run
		assert_equal "$ended" 130
		run jq -r '.host.complete' "$WORK/results.json"
		assert_output false
		assert_nothing_left
	done
}

@test "^C during explain" {
	env --default-signal "$SIGMATRIX" explain exec/simple-command \
		--shell "hangs=$LIAR hangs=$WORK/flag" >"$WORK/out" 2>&1 3>&- &
	main=$!
	wait_for_file "$WORK/flag" "$main"
	kill -INT "$main"
	end_run
	assert_equal "$ended" 130
	assert_nothing_left
}

# kill_worker ARGS...: kills the worker that plays the cell that hangs.
kill_worker() {
	rm -rf "${WORK:?}"/*
	start_run "$@"
	pkill -KILL -P "$main"
	end_run
	assert_equal "$ended" 3
	run outcomes "$WORK/results.json"
	assert_output 'exec/simple-command first exec
exec/simple-command hangs broken
exec/simple-command last exec'
	assert_reason exec/simple-command hangs 'the worker that played it was killed by Killed'
	assert_nothing_left
}

@test "a killed worker: its cell is broken, the others are played" {
	kill_worker
	kill_worker --trace off
	kill_worker --isolation subreaper
}

@test "a killed worker of an untraced scene without a namespace" {
	kill_worker --isolation subreaper --trace off
}

# kill_main ARGS...: nobody is left to tidy up, but no process stays, and the next run removes what
# lies about.
kill_main() {
	rm -rf "${WORK:?}"/*
	start_run "$@"
	kill -KILL "$main"
	end_run
	assert_equal "$ended" 137
	assert_no_process_left
	run sigmatrix run --case exec/simple-command --shell dash --quiet
	assert_success
	assert_tmpdir_empty
}

@test "the main process killed" {
	kill_main
	kill_main --trace off
	kill_main --isolation subreaper
}

@test "the main process of an untraced scene without a namespace killed" {
	kill_main --isolation subreaper --trace off
}

@test "the directory of a run in progress is nobody else's to remove" {
	start_run
	local directory
	directory=$(echo "$TMPDIR"/.sigmatrix-run-*)
	assert_dir_exists "$directory/0"
	run sigmatrix run --case exec/simple-command --shell dash --quiet
	assert_success
	assert_dir_exists "$directory/0"
	kill -TERM "$main"
	end_run
	assert_nothing_left
}

@test "a directory that only looks like ours is not removed" {
	mkdir -p "$TMPDIR/.sigmatrix-run-mine/bin"
	echo precious >"$TMPDIR/.sigmatrix-run-mine/bin/file"
	run sigmatrix run --case exec/simple-command --shell dash --quiet
	assert_success
	assert_file_exists "$TMPDIR/.sigmatrix-run-mine/bin/file"
}

@test "a subject that fills its directory leaves nothing, and links are not followed" {
	mkdir "$WORK/outside"
	echo precious >"$WORK/outside/file"
	mkdir -p "$WORK/cases/x"
	cat >"$WORK/cases/x/y.case" <<-END
		title:   A subject that leaves things behind
		mode:    script
		spec:    unspecified

		For the harness's own tests.

		script:
		    mkdir -p "\$HOME/a/b/c"; echo x >"\$HOME/a/b/c/d"; ln -s "$WORK/outside" "\$HOME/a/link"
		    mkfifo "\$HOME/fifo"; chmod 0 "\$HOME/a/b/c" "\$HOME/a/b" "\$HOME/a"
		    echo "done" >>"\$EVENTS"

		steps:
		    settle

		outcomes:
		    done    done    conforms   it is done
	END
	play --cases "$WORK/cases" --shell dash
	assert_success
	assert_outcome x/y dash 'done'
	assert_file_exists "$WORK/outside/file"
	assert_nothing_left
}

@test "a sleep that a signal interrupts is still a sleep, not rest" {
	for trace in on off; do
		play --cases "$FIXTURES/cases" --case liars/shell --shell "naps=$LIAR naps" \
			--repeat 10 --trace "$trace"
		assert_success
		assert_outcome liars/shell naps 'done'
	done
}

@test "a case file that goes away under way: its cells are broken, the others are kept" {
	mkdir -p "$WORK/cases/a"
	cat >"$WORK/cases/a/first.case" <<-END
		title:   Takes the second one away
		mode:    script
		spec:    unspecified

		For this test.

		script:
		    rm "$WORK/cases/a/second.case"; echo "gone=\$?" >>"\$EVENTS"

		steps:
		    settle

		outcomes:
		    taken  gone = 0  permitted  it is gone
	END
	sed 's/^    rm .*;/    :;/' "$WORK/cases/a/first.case" >"$WORK/cases/a/second.case"
	run sigmatrix run --cases "$WORK/cases" --shell dash --jobs 1 --quiet \
		--output "$WORK/results.json"
	assert_equal "$status" 3
	assert_outcome a/first dash taken
	assert_outcome a/second dash broken
	run jq -r '.cells[1].reason' "$WORK/results.json"
	assert_output 'the case file was changed while it was being played'
	assert_nothing_left
}
