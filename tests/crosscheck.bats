#!/usr/bin/env bats
# The second driver (harness/expect) and crosscheck: both agree about healthy shells, and a
# disagreement is seen, whoever lies.
# shellcheck disable=SC2030,SC2031 # TMPDIR is each test's own

bats_require_minimum_version 1.5.0
load fixtures/helper

teardown() {
	assert_no_process_left
	[[ -z ${PUBLIC-} ]] || rm -rf "$PUBLIC"
}

# crosscheck ARGS...: 'run' it, quietly.
crosscheck() {
	run --separate-stderr sigmatrix crosscheck --quiet --jobs 2 "$@"
}

@test "both drivers agree: every mode, terminals, signals, storms, hangups" {
	crosscheck --shell dash --shell bash --case exec/simple-command --case exec/pipeline-last-group \
		--case exec/errexit --case statuses/exit-number --case async/input \
		--case terminal/foreground-job --case terminal/back-after-exit --case terminal/killed-shell \
		--case jobs/ctrl-z-function --case forwarding/ctrl-c-child-exits \
		--case 'interactive/resize-*' --case interactive/ctrl-c-typed-line \
		--case inheritance/ignored-at-start --case robustness/exit-action \
		--case groups/monitor-background --case hangup/exit-background
	assert_success
	assert_output --regexp '^[0-9]+ cells: [0-9]+ agreed about an outcome, 0 agreed not to apply, 0 disagreed, 0 not'
	# It really played them: the sum of what agreed is what there is.
	run jq -n --arg line "${lines[0]}" '$line | [scan("[0-9]+") | tonumber] | .[0] > 80 and .[0] == .[1]'
	assert_output true
	assert_nothing_left
}

@test "dialects other than POSIX, and what does not apply to them" {
	crosscheck --shell fish --shell rc --case exec/simple-command --case statuses/pipefail-rightmost \
		--case terminal/foreground-job
	assert_success
	assert_output --partial '0 disagreed, 0 not visible'
	refute_output --partial ' 0 agreed not to apply'
}

@test "what only a tracer sees is counted with its reason, not guessed" {
	crosscheck --shell bash --case terminal/handover-caller --case terminal/holders-in-order
	assert_success
	assert_output --partial '0 disagreed, 2 not visible to the second driver'
	assert_output --partial '1  only a tracer sees who gives the terminal away'
	assert_output --partial '1  only a tracer sees who held the terminal between two looks'
}

@test "the results of the second driver are a document as any other" {
	crosscheck --shell dash --case exec/simple-command --output "$WORK/second.json"
	assert_success
	run jq -r '.host.driver, .cells[0].outcome' "$WORK/second.json"
	assert_line --index 0 expect
	assert_line --index 1 "$(jq -r '.cells[] | select(.case == "exec/simple-command" and .shell == "dash") |
		.outcome' "$ROOT/results/matrix.json")"
	assert_file_exists "$WORK/second.timelines.jsonl"
	run sigmatrix report "$WORK/second.json"
	assert_success
	assert_output --partial simple-command
}

@test "a shell that is another one for the second driver: both outcomes and both timelines" {
	# Under the second driver ACTORS is a directory.
	cat >"$WORK/two-faced" <<-'SHELL'
		#!/bin/sh
		[ -d "$ACTORS" ] && exec bash --norc --noprofile "$@"
		exec dash "$@"
	SHELL
	chmod +x "$WORK/two-faced"
	crosscheck --shell "$WORK/two-faced" --case exec/last-line --case exec/explicit-exec
	assert_failure 1
	assert_output --partial 'exec/last-line, on two-faced'
	assert_output --regexp 'first driver \(C\): fork  \(job.ppid = shell.pid'
	assert_output --regexp 'second driver \(Expect\): exec  \(job.pid = shell.pid'
	assert_output --regexp '[0-9]+  step .*text="await job ready"|[0-9]+  step await job ready'
	assert_output --partial 'step: await job ready'
	assert_output --partial 'job starts (parent'
	assert_output --partial '2 cells: 1 agreed about an outcome, 0 agreed not to apply, 1 disagreed, 0 not'
	assert_nothing_left
}

@test "links: both drivers agree about tini, env and timeout" {
	crosscheck --link tini --link env --link timeout --case 'links/*'
	assert_success
	# In one namespace with the scene nothing is hidden but what a process does that is no actor.
	assert_output --regexp '^[0-9]+ cells: [0-9]+ agreed about an outcome, 0 agreed not to apply, 0 disagreed,'
	run jq -n --arg line "${lines[0]}" '$line | [scan("[0-9]+") | tonumber] | .[0] > 250 and .[1] > 200'
	assert_output true
	assert_nothing_left
}

@test "links: what a link file may say, and PID namespaces and terminals of a link's own" {
	local links=() link known
	known=$(sigmatrix list links)
	# environment: lost; files and quoting; a terminal of its own; a PID namespace of its own; trace: no.
	for link in sudo script unshare-pid bwrap-pid strace; do
		grep -Eq "^$link .* (cannot run here|is not installed|unable to run)" <<<"$known" ||
			links+=(--link "$link")
	done
	crosscheck "${links[@]}" --case links/stays --case links/group --case links/slow \
		--case 'links/status-*' --case links/ctrl-c --case links/signal-group
	assert_success
	assert_output --partial ', 0 disagreed,'
	# Of ^C and of a signal to its group make has a race: links/ctrl-c.
	crosscheck --link make --case links/stays --case links/group --case 'links/status-*'
	assert_success
	assert_output --partial ', 0 disagreed,'
	assert_nothing_left
}

@test "links: whether one that polls has come to rest, a driver without a tracer does not guess" {
	command -v parallel >/dev/null || skip "no parallel here"
	crosscheck --link parallel --case links/status-exit --case links/status-killed
	assert_success
	assert_output --partial ' 0 disagreed, 3 not visible to the second driver'
	assert_output --partial '3  the link polls, and only a tracer can tell that it has come to rest'
}

@test "a link that is another one for the second driver is found out" {
	cat >"$WORK/two-faced" <<-'LINK'
		#!/bin/sh
		[ -d "$ACTORS" ] && exec "$@"
		"$@"
		exit
	LINK
	chmod +x "$WORK/two-faced"
	crosscheck --link "$WORK/two-faced" --case links/stays --case links/status-exit
	assert_failure 1
	assert_output --partial 'links/stays, variant member, on two-faced'
	assert_output --regexp 'first driver \(C\): child  \(job.ppid = link.pid'
	assert_output --regexp 'second driver \(Expect\): execs  \(job.pid = link.pid'
	assert_output --partial 'link = job starts (parent process 1'
	assert_output --partial '3 cells: 1 agreed about an outcome, 0 agreed not to apply, 2 disagreed, 0 not'
	assert_nothing_left
}

@test "a link that lies about where its command is: in another PID namespace, in one of two drivers" {
	unshare --fork --pid true 2>/dev/null || skip "no PID namespaces here"
	cat >"$WORK/deeper" <<-'LINK'
		#!/bin/sh
		[ -d "$ACTORS" ] && exec unshare --fork --pid --mount-proc "$@"
		"$@"
		exit
	LINK
	chmod +x "$WORK/deeper"
	crosscheck --link "$WORK/deeper" --case links/status-killed --case links/stays
	# A link's child in either; but as PID 1 the command does not die of its own SIGTERM.
	assert_failure 1
	assert_output --regexp 'links/status-killed, variant TERM, on deeper
    first driver \(C\): status-above-128'
	assert_output --partial 'second driver (Expect): cannot-die'
	assert_output --partial '4 cells: 2 agreed about an outcome, 0 agreed not to apply, 2 disagreed, 0 not'
	assert_nothing_left
}

@test "a shell as PID 1: both drivers agree, and a shell that is PID 1 for one of them only is found out" {
	crosscheck --shell dash --case pid1/start --case 'pid1/orphan-*' --case pid1/prompt-signal --case pid1/ctrl-z
	assert_success
	assert_output --partial ' 0 disagreed,'
	cat >"$WORK/two-faced" <<-'SHELL'
		#!/bin/sh
		[ -d "$ACTORS" ] && exec unshare --fork --pid --mount-proc dash "$@"
		exec dash "$@"
	SHELL
	chmod +x "$WORK/two-faced"
	crosscheck --shell "$WORK/two-faced" --case pid1/self-kill
	assert_failure 1
	assert_output --regexp 'pid1/self-kill, variant [A-Z0-9]*,leader, on two-faced
    first driver \(C\): died '
	refute_output --partial ',pid1, on two-faced'
	assert_nothing_left
}

@test "a second driver that lies is found out, and what it says is made harmless" {
	local real
	real=$(command -v expect)
	mkdir "$WORK/bin"
	cat >"$WORK/bin/expect" <<-EOF
		#!/bin/bash
		"$real" "\$@" || exit
		while [[ \$# -gt 0 && \$1 != --output ]]; do shift; done
		[[ \$# -eq 0 ]] || sed -i 's/"outcome":"fork","reason":"/"outcome":"exec","reason":"\\\\u001b[2J/' "\$2"
	EOF
	chmod +x "$WORK/bin/expect"
	PATH=$WORK/bin:$PATH crosscheck --shell dash --case exec/last-line
	assert_failure 1
	assert_output --partial 'second driver (Expect): exec  (\x1b[2Jjob.ppid'
	assert_output --partial '0 agreed about an outcome, 0 agreed not to apply, 1 disagreed'
	refute_output --partial $'\e'
}

@test "trouble is no disagreement: no expect, a bad option, no such case" {
	mkdir "$WORK/bin"
	ln -s "$(command -v dash)" "$WORK/bin/dash"
	run --separate-stderr env PATH="$WORK/bin" "$SIGMATRIX" crosscheck --quiet --shell dash \
		--case exec/simple-command
	assert_failure 2
	# shellcheck disable=SC2154 # stderr is bats' own
	[[ $stderr == *"unable to start expect"*"package 'expect'"* ]]
	crosscheck --no-such
	assert_failure 2
	crosscheck --link tini --shell dash
	assert_failure 2
	[[ $stderr == *"links or shells: --shell goes without"* ]]
	crosscheck --link no-such-link
	assert_failure 2
	crosscheck --case no/such
	assert_failure 2
	assert_nothing_left
}

# Where an ordinary user may look, unlike in the directories of bats and of root.
@test "an ordinary user: a user namespace does it too" {
	((EUID == 0)) || skip "root plays the ordinary user"
	unshare --user true 2>/dev/null || skip "no user namespaces here"
	PUBLIC=$(mktemp -d /tmp/crosscheck.XXXXXX)
	mkdir -p "$PUBLIC/build" "$PUBLIC/harness"
	cp -r "$BUILD"/{sigmatrix,actor,expect} "$PUBLIC/build/"
	cp -r "$ROOT/harness/expect" "$PUBLIC/harness/"
	cp -rL "$ROOT/cases" "$ROOT/shells" "$ROOT/links" "$PUBLIC/"
	chmod -R a+rX "$PUBLIC"
	mkdir -m 0777 "$PUBLIC/tmp"
	TMPDIR=$PUBLIC/tmp
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups \
		env HOME=/ TMPDIR="$TMPDIR" "$PUBLIC/build/sigmatrix" crosscheck --quiet --jobs 2 \
		--shell dash --case exec/simple-command --case terminal/back-after-exit --case async/input
	assert_success
	assert_output --partial ' 0 disagreed, 0 not visible'
	assert_nothing_left
}

@test "a signal ends both drivers, and nothing is left" {
	local signal pid ended
	for signal in INT TERM; do
		# As a job of its own: an asynchronous command would ignore SIGINT.
		set -m
		"$SIGMATRIX" crosscheck --quiet --jobs 2 --shell dash --trace off --case 'exec/*' \
			--case 'forwarding/*' >/dev/null 2>&1 3>&- &
		pid=$!
		set +m
		# The second driver has begun.
		until compgen -G "$TMPDIR/sigmatrix-expect.*/*/home" >/dev/null; do
			kill -0 "$pid" || fail "it ended before the second driver began"
		done
		kill -"$signal" "$pid"
		ended=0
		wait "$pid" || ended=$?
		assert_equal "$ended" $((128 + $(kill -l "$signal")))
		assert_nothing_left
	done
}
