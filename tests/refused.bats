#!/usr/bin/env bats
# As root and as an ordinary user, traced and not, with one worker and many: the same outcomes. What
# the machine refuses is said once, and what then cannot be seen is n/a with the reason.
# shellcheck disable=SC2154 # run --separate-stderr makes $stderr

bats_require_minimum_version 1.5.0
load fixtures/helper

cases=(--case exec/simple-command --case terminal/handover-caller)

setup_file() {
	make_public
}

teardown_file() {
	rm -rf "$PUBLIC"
}

setup() {
	use_public_tmpdir
}

# In a user namespace whose limit of PID namespaces is 0.
without_namespaces() {
	unshare --user --map-root-user sh -c '
		echo 0 >/proc/sys/user/max_pid_namespaces; exec "$@"' sh "$@"
}

# look COMMAND...: runs it; $results are its results.
look() {
	run --separate-stderr "$@" --format json --quiet
	results=$output
	echo "$results" >"$WORK/results.json"
}

assert_host() {
	run jq -r '.host | "\(.trace), \(.isolation), \(.user)"' <<<"$results"
	assert_output "$1"
}

# assert_said_once TEXT: in one note on standard error.
assert_said_once() {
	assert_equal "$(grep -c "$1" <<<"$stderr")" 1
}

@test "root: namespaces and the tracer" {
	((EUID == 0)) || skip 'only as root'
	look "$SIGMATRIX" run --shell dash "${cases[@]}"
	assert_success
	assert_host 'ptrace, pid namespace, root'
	assert_equal "$stderr" ''
	assert_outcome exec/simple-command dash fork
	run jq -r '.cells[1].outcome' <<<"$results"
	assert_output --regexp '^(child|both|shell|shell-late)$'
}

@test "an ordinary user: a user namespace, no_new_privs, and the same outcomes" {
	look "$SIGMATRIX" run --shell dash "${cases[@]}"
	outcomes "$WORK/results.json" >"$WORK/root"
	look ordinary "$PUBLIC/build/sigmatrix" run --shell dash "${cases[@]}"
	assert_success
	assert_host 'ptrace, user and pid namespace, ordinary'
	assert_equal "$stderr" ''
	run diff <(outcomes "$WORK/results.json") "$WORK/root"
	assert_success
	assert_nothing_left
}

@test "an ordinary user's daemons are gone after the run, too" {
	for isolation in auto subreaper; do
		for trace in on off; do
			look ordinary "$PUBLIC/build/sigmatrix" run --case exec/simple-command \
				--shell "daemon=$PUBLIC/build/liar daemon" --isolation "$isolation" --trace "$trace"
			assert_success
			assert_outcome exec/simple-command daemon exec
			assert_nothing_left
		done
	done
}

@test "an ordinary user without a place for the run" {
	mkdir "$TMPDIR/closed"
	chmod 555 "$TMPDIR/closed"
	TMPDIR=$TMPDIR/closed run ordinary "$PUBLIC/build/sigmatrix" run "${cases[@]}" --shell dash
	assert_equal "$status" 3
	assert_output --partial 'Permission denied (set TMPDIR to a writable place with room and a short name)'
	rmdir "$TMPDIR/closed"
}

@test "ptrace refused: said once, n/a with the reason for what only a tracer sees" {
	look "$DENY" ptrace -- "$SIGMATRIX" run --shell dash --shell bash "${cases[@]}"
	assert_success
	assert_host "off, $(jq -r .host.isolation <<<"$results"), $(jq -r .host.user <<<"$results")"
	assert_said_once 'does not let us trace'
	[[ $stderr == *'Operation not permitted'* ]]
	assert_outcome exec/simple-command dash fork
	for shell in dash bash; do
		assert_outcome terminal/handover-caller $shell n/a
		assert_reason terminal/handover-caller $shell 'Operation not permitted'
	done
	assert_nothing_left
}

@test "ptrace refused with --trace=on: an error" {
	run "$DENY" ptrace -- "$SIGMATRIX" run --shell dash "${cases[@]}" --trace on
	assert_equal "$status" 3
	assert_output --regexp '^sigmatrix: error: .*Operation not permitted'
	assert_nothing_left
}

@test "namespaces refused by a limit: said once, a subreaper, the same outcomes" {
	without_namespaces true || skip 'no user namespaces to set a limit in'
	look "$SIGMATRIX" run --shell dash "${cases[@]}"
	outcomes "$WORK/results.json" >"$WORK/free"
	look without_namespaces "$SIGMATRIX" run --shell dash "${cases[@]}"
	assert_success
	assert_host 'ptrace, subreaper, root'
	assert_said_once 'no PID namespace'
	run diff <(outcomes "$WORK/results.json") "$WORK/free"
	assert_success
	assert_nothing_left
}

@test "namespaces refused as containers do, clone3 as if there were none" {
	look "$DENY" namespaces -- "$SIGMATRIX" run --shell dash "${cases[@]}"
	assert_success
	run jq -r '.host.isolation' <<<"$results"
	assert_output subreaper
	assert_said_once 'no PID namespace'
	assert_outcome exec/simple-command dash fork
	assert_nothing_left
}

@test "an ordinary user to whom all is refused" {
	look ordinary "$PUBLIC/build/deny" ptrace namespaces -- "$PUBLIC/build/sigmatrix" run \
		--shell dash "${cases[@]}"
	assert_success
	assert_host 'off, subreaper, ordinary'
	assert_said_once 'does not let us trace'
	assert_said_once 'no PID namespace'
	assert_outcome exec/simple-command dash fork
	assert_outcome terminal/handover-caller dash n/a
	assert_nothing_left
}

# What is compared below: real shells, and liars whose outcomes differ from theirs.
subset=(--shell dash --shell bash --shell "twice=$LIAR twice" --shell "forks=$LIAR forks"
	--case 'exec/s*' --case 'forwarding/ctrl-c-c*' --case 'terminal/back-*' --case 'terminal/fg-*')

@test "--jobs 1 and 8 give the same outcomes" {
	play "${subset[@]}" --jobs 1
	outcomes "$WORK/results.json" >"$WORK/one"
	play "${subset[@]}" --jobs 8
	run diff "$WORK/one" <(outcomes "$WORK/results.json")
	assert_success
	[ "$(wc -l <"$WORK/one")" -gt 60 ]
}

@test "--trace on and off give the same outcomes wherever both can tell" {
	play "${subset[@]}" --trace on
	outcomes "$WORK/results.json" >"$WORK/on"
	play "${subset[@]}" --trace off
	outcomes "$WORK/results.json" >"$WORK/off"
	grep -v ' n/a$' "$WORK/off" | cut -d' ' -f1,2 >"$WORK/told"
	run diff <(grep -wFf "$WORK/told" "$WORK/on") <(grep -v ' n/a$' "$WORK/off")
	assert_success
	# What the tracer alone sees is n/a, and says why.
	run jq -r '[.cells[] | select(.outcome == "n/a") | .case] | unique[]' "$WORK/results.json"
	assert_line terminal/fg-order
	run jq -r '[.cells[] | select(.outcome == "n/a") | .reason |
		select(contains("tracing is off") | not)] | length' "$WORK/results.json"
	assert_output 0
}

@test "a subreaper and a namespace give the same outcomes" {
	play "${subset[@]}"
	outcomes "$WORK/results.json" >"$WORK/namespace"
	play "${subset[@]}" --isolation subreaper
	run diff "$WORK/namespace" <(outcomes "$WORK/results.json")
	assert_success
}

@test "kill(-1) is refused where no namespace bounds it, traced or not, to root and to others" {
	local guard=(--cases "$FIXTURES/cases" --case guard/kill-everybody --shell bash) trace user
	play "${guard[@]}"
	assert_outcome guard/kill-everybody bash reaches
	cp -r "$FIXTURES/cases" "$PUBLIC/fixture-cases"
	guard[1]=$PUBLIC/fixture-cases
	for trace in on off; do
		for user in env ordinary; do
			look "$user" "$PUBLIC/build/sigmatrix" run "${guard[@]}" --trace "$trace" \
				--isolation subreaper
			assert_success
			assert_outcome guard/kill-everybody bash refused
		done
	done
}
