#!/usr/bin/env bats
# The shell as PID 1: is the place as promised, for root and for an ordinary user, traced and not;
# are liars caught there; what is said where it cannot be had.
# shellcheck disable=SC2154 # run --separate-stderr makes $stderr

bats_require_minimum_version 1.5.0
load fixtures/helper

setup_file() {
	make_public
}

teardown_file() {
	rm -rf "$PUBLIC"
}

setup() {
	use_public_tmpdir
}

# look COMMAND...: runs it; its results are in $WORK/results.json.
look() {
	run --separate-stderr "$@" --format json --quiet
	echo "$output" >"$WORK/results.json"
}

# assert_cell CASE VARIANT SHELL OUTCOME
assert_cell() {
	run jq -r --arg c "$1" --arg v "$2" --arg s "$3" '.cells[] |
		select(.case == $c and .variant == $v and .shell == $s) | .outcome' "$WORK/results.json"
	assert_output "$4"
}

# assert_fact CASE VARIANT SHELL FACT JSON
assert_fact() {
	run jq -c --arg c "$1" --arg v "$2" --arg s "$3" --arg f "$4" '.cells[] |
		select(.case == $c and .variant == $v and .shell == $s) | .facts[$f]' "$WORK/results.json"
	assert_output "$5"
}

# Everything that pid1/start of dash shows: pid, group and session 1, a /proc of its own, the default
# dispositions and an empty mask.
assert_place_is_as_promised() {
	assert_cell pid1/start pid1 dash first
	assert_cell pid1/start leader dash ordinary
	assert_fact pid1/start pid1 dash marks '["self=1","proc=1","end"]'
	assert_fact pid1/start pid1 dash shell.parent null
	assert_fact pid1/start pid1 dash job.ignored '[]'
	assert_fact pid1/start pid1 dash job.blocked '[]'
	for fact in job.parent job.group job.session; do
		assert_fact pid1/start pid1 dash "$fact" '"shell"'
	done
}

# Whatever we start it with is no business of the scene's.
disturbed() {
	env --ignore-signal=HUP,INT,QUIT,USR1 --block-signal=USR2,TERM "$@"
}

@test "root: pid, group and session 1, an own /proc, default dispositions, an empty mask" {
	((EUID == 0)) || skip 'only as root'
	for trace in on off; do
		look disturbed "$SIGMATRIX" run --case pid1/start --shell dash --trace "$trace"
		assert_success
		assert_place_is_as_promised
	done
	assert_nothing_left
}

@test "an ordinary user: the same, in a user namespace" {
	for trace in on off; do
		look disturbed setpriv --reuid=65534 --regid=65534 --clear-groups -- \
			"$PUBLIC/build/sigmatrix" run --case pid1/start --shell dash --trace "$trace"
		assert_success
		run jq -r .host.isolation "$WORK/results.json"
		assert_output 'user and pid namespace'
		assert_place_is_as_promised
	done
	assert_nothing_left
}

@test "the machine's own mounts are left alone" {
	cut -d' ' -f5- /proc/self/mountinfo | sort >"$WORK/before"
	look "$SIGMATRIX" run --case pid1/start --shell dash --shell bash
	assert_success
	run diff <(cut -d' ' -f5- /proc/self/mountinfo | sort) "$WORK/before"
	assert_success
}

@test "traced and untraced, root and ordinary user: the same outcomes" {
	local cases=(--case pid1/self-kill --case pid1/kill-and-stop --case pid1/exec-dies
		--case pid1/orphan-exec --case pid1/exit-background --shell dash --shell bash)
	look "$SIGMATRIX" run "${cases[@]}" --trace on
	assert_success
	outcomes "$WORK/results.json" >"$WORK/first"
	[ "$(wc -l <"$WORK/first")" -eq 56 ]
	# The kernel would let a SIGSTOP from inside through to a traced process 1.
	assert_cell pid1/self-kill STOP,pid1 dash goes-on
	assert_cell pid1/self-kill STOP,leader dash stopped
	look "$SIGMATRIX" run "${cases[@]}" --trace off
	run diff <(outcomes "$WORK/results.json") "$WORK/first"
	assert_success
	for trace in on off; do
		look ordinary "$PUBLIC/build/sigmatrix" run "${cases[@]}" --trace "$trace"
		run diff <(outcomes "$WORK/results.json") "$WORK/first"
		assert_success
	done
	assert_nothing_left
}

# play_liar LIE ARGS...: plays it beside the honest one.
play_liar() {
	local lie=$1
	shift
	play --shell "honest=$LIAR honest" --shell "$lie=$LIAR $lie" "$@"
}

@test "says that it is process 1, and is a child of it, or of nobody such" {
	for trace in on off; do
		play_liar claims-first --cases "$FIXTURES/cases" --case liars/first --trace "$trace"
		assert_success
		assert_cell liars/first pid1 honest first
		assert_cell liars/first leader honest ordinary
		assert_outcome liars/first claims-first pretends
	done
}

@test "has a handler it should not have: the signal that is dropped for others arrives" {
	for trace in on off; do
		play_liar catches-term --case pid1/foreground-child --trace "$trace"
		assert_success
		assert_cell pid1/foreground-child TERM,pid1 honest unharmed
		assert_cell pid1/foreground-child TERM,leader honest died
		assert_cell pid1/foreground-child TERM,pid1 catches-term exited
		assert_cell pid1/foreground-child HUP,pid1 catches-term unharmed
	done
}

@test "reaps nothing but its own child: a zombie, and the scene settles" {
	for trace in on off; do
		play_liar never-reaps --case pid1/orphan-foreground --case pid1/orphan-exec \
			--trace "$trace"
		assert_success
		assert_cell pid1/orphan-foreground pid1 honest reaped
		assert_cell pid1/orphan-foreground pid1 never-reaps zombie
		assert_cell pid1/orphan-foreground leader never-reaps elsewhere
		assert_cell pid1/orphan-exec pid1 honest zombie
	done
}

@test "exits with another status" {
	for trace in on off; do
		play_liar loses-status --case pid1/exit-background --trace "$trace"
		assert_success
		assert_cell pid1/exit-background pid1 honest killed
		assert_cell pid1/exit-background leader honest left
		assert_outcome pid1/exit-background loses-status status-lost
	done
}

@test "crashes: process 1 dies of its own fault, traced too" {
	for trace in on off; do
		play_liar crashes --cases "$FIXTURES/cases" --case liars/first --trace "$trace"
		assert_success
		assert_outcome liars/first crashes crash
	done
	assert_nothing_left
}

@test "kill(-1) is no signal to the group of process 1" {
	play --cases "$FIXTURES/cases" --case liars/everybody --shell dash --trace on
	assert_success
	assert_outcome liars/everybody dash everybody
	assert_fact liars/everybody pid1 dash shell.sent '["HUP to everybody"]'
}

@test "no namespaces, or none inside another: n/a with the reason, and the control is played" {
	look "$SIGMATRIX" run --case pid1/start --shell dash --isolation subreaper
	assert_success
	assert_cell pid1/start pid1 dash n/a
	assert_cell pid1/start leader dash ordinary
	assert_reason pid1/start dash 'no PID namespace here: not wanted'
	look "$DENY" namespaces -- "$SIGMATRIX" run --case pid1/start --shell dash
	assert_success
	assert_cell pid1/start pid1 dash n/a
	assert_reason pid1/start dash 'no PID namespace here: unable to .*: Operation not permitted'
	# One is allowed, for the scene, and none inside it.
	look unshare --user --map-root-user sh -c '
		echo 1 >/proc/sys/user/max_mnt_namespaces; exec "$@"' sh \
		unshare --mount "$SIGMATRIX" run --case pid1/start --shell dash
	assert_success
	assert_cell pid1/start pid1 dash n/a
	assert_reason pid1/start dash 'unable to make a PID and a mount namespace .clone.: No space left'
}

@test "/proc is covered in places, as in containers: no new one may be mounted, n/a with the reason" {
	look unshare --user --map-root-user --mount sh -c '
		mount -t tmpfs none /proc/sys/kernel && exec "$@"' sh \
		unshare --user --map-root-user "$SIGMATRIX" run --case pid1/start --shell dash
	assert_success
	assert_cell pid1/start pid1 dash n/a
	assert_cell pid1/start leader dash ordinary
	assert_reason pid1/start dash "unable to mount the namespace's own /proc: Operation not permitted"
	assert_nothing_left
}
