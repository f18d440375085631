#!/usr/bin/env bats
# sigmatrix chain: real chains, and subjects that hide what they do with a signal.
# shellcheck disable=SC2154 # run --separate-stderr makes $stderr
# shellcheck disable=SC2016 # what is in quotes is for the subjects' shells

bats_require_minimum_version 1.5.0
load fixtures/helper

setup() {
	use_own_tmpdir
	export CHAIN_TEST=$BATS_TEST_TMPDIR
	export HOP=$BUILD/hop
}

# Whoever chain started inherited our environment.
subjects_left() {
	local environ pid
	while read -r environ; do
		pid=${environ#/proc/}
		pid=${pid%/environ}
		[[ $(readlink "/proc/$pid/exe" 2>/dev/null) == "$HOP" ]] && echo "$pid"
	done < <(grep -lszxF "CHAIN_TEST=$CHAIN_TEST" /proc/[0-9]*/environ)
	return 0
}

assert_no_subject_left() {
	local left
	left=$(subjects_left)
	if [[ $left ]]; then
		# shellcheck disable=SC2086 # several pids
		kill -KILL $left
		fail "left behind: $left"
	fi
}

# chain ARGS...: its document in $WORK/chain.json, its exit status in $status.
chain() {
	run --separate-stderr sigmatrix chain --grace "${grace:-1s}" --format json "$@"
	echo "$output" >"$WORK/chain.json"
	chain_status=$status
	assert_no_subject_left
}

# A chain that is to be whole ends by itself, on a busy machine later.
patiently() {
	local grace=30s
	"$@"
}

# says FILTER VALUE: of the document.
says() {
	run jq -r "$1" "$WORK/chain.json"
	assert_output "$2"
}

assert_whole() {
	says .verdict whole
	assert_equal "$chain_status" 0
	says '.survivors | length' 0
}

# assert_broken HOP CAUSE
assert_broken() {
	says '"\(.verdict) \(.breaks_at) \(.cause)"' "broken $1 $2"
	assert_equal "$chain_status" 1
	says '.advice | length > 20' true
}

# hop N FILTER VALUE
hop() {
	says ".hops[$1 - 1] | $2" "$3"
}

@test "one process that dies of it" {
	patiently chain -- "$HOP" pause
	assert_whole
	hop 1 '"\(.disposition) \(.got) \(.from) \(.did.died)"' 'default delivered sigmatrix TERM'
}

@test "a script with a foreground child, and the same with exec" {
	printf '%s\n' '#!/bin/bash' '"$HOP" exit 3' true >"$WORK/script"
	chmod +x "$WORK/script"
	chain -- "$WORK/script"
	assert_broken 1 left-orphan
	says '.survivors | length' 1
	hop 2 '"\(.got) \(.survived)"' 'null true'
	printf '%s\n' '#!/bin/bash' 'exec "$HOP" exit 3' true >"$WORK/script"
	patiently chain -- "$WORK/script"
	assert_whole
	says '.hops | length' 1
	hop 1 .did.exited 3
}

@test "a trap waits for the foreground child" {
	chain -- bash -c 'trap "exit 1" TERM; "$HOP" pause; true'
	assert_broken 1 waits-for-child
	says '.explanation | test("bash .* runs a foreground child and waits for it")' true
}

@test "trap, forward and wait" {
	patiently chain -- bash -c 'trap "kill \$p; wait \$p" TERM; "$HOP" pause & p=$!; wait $p'
	assert_whole
	hop 2 '"\(.got) \(.did.died)"' 'delivered TERM'
	run jq '.hops[1].from == .hops[0].pid and .hops[0].sent_to == [.hops[1].pid]' \
		"$WORK/chain.json"
	assert_output true
}

@test "sh -c 'command': the shell makes way or stays" {
	patiently chain -- bash -c '"$HOP" pause'
	assert_whole
	says '.hops | length' 1
	chain -- bash -c '"$HOP" pause; true'
	assert_broken 1 left-orphan
	chain -- dash -c '"$HOP" pause; true'
	assert_broken 1 left-orphan
}

@test "as PID 1: no handler, a forgetful one, exec" {
	chain --profile docker-stop -- bash -c '"$HOP" pause; true'
	[[ $chain_status == 3 ]] && skip "$(jq -r .explanation "$WORK/chain.json")"
	assert_broken 1 pid1-default
	hop 1 '"\(.pid) \(.group) \(.session) \(.disposition)"' '1 1 1 pid1'
	chain --profile docker-stop -- bash -c 'trap exit TERM; "$HOP" pause & wait'
	assert_broken 1 killed-with-pid1
	hop 2 '"\(.got) \(.did.died)"' 'null KILL'
	patiently chain --profile docker-stop -- bash -c 'exec "$HOP" exit 0'
	assert_whole
}

@test "as PID 1 it has its own /proc" {
	patiently chain --profile docker-stop -- bash -c '[[ $(readlink /proc/self) != 1 ]] &&
		[[ $(tr "\0" " " </proc/1/cmdline) == bash* ]] && exec "$HOP" exit 0'
	[[ $chain_status == 3 ]] && skip "$(jq -r .explanation "$WORK/chain.json")"
	if jq -e '.notes | any(test("/proc of outside"))' "$WORK/chain.json"; then
		skip "mounting proc is refused here"
	fi
	assert_whole
}

# Where they are installed: the links of the matrix have them.
@test "inits: to their child, or to its group" {
	local init tried=0
	for init in 'tini --' 'dumb-init --single-child --' 'catatonit --'; do
		command -v "${init%% *}" >/dev/null || continue
		# shellcheck disable=SC2086 # the words of init
		chain --profile docker-stop -- $init bash -c '"$HOP" exit 0; true'
		[[ $chain_status == 3 ]] && skip "$(jq -r .explanation "$WORK/chain.json")"
		assert_broken 1 forwards-part
		hop 3 '"\(.got) \(.did.died)"' 'null KILL'
		tried=1
	done
	for init in 'tini -g --' 'dumb-init --' 'catatonit -g --'; do
		command -v "${init%% *}" >/dev/null || continue
		# The shell waits for the hop: when it is gone the init ends, and with it all others.
		# shellcheck disable=SC2086
		patiently chain --profile docker-stop -- $init bash -c 'trap : TERM; "$HOP" pause; true'
		assert_whole
		hop 3 '"\(.got) \(.did.died)"' 'delivered TERM'
	done
	((tried)) || skip "no init is installed"
}

@test "stopped: the signal stays pending" {
	chain -- bash -c 'kill -STOP $$; true'
	assert_broken 1 stopped
	hop 1 .got pending
}

@test "nohup, and the ignored signals of an asynchronous list" {
	chain --signal HUP -- nohup "$HOP" pause
	assert_broken 1 ignored-nohup
	chain --signal INT --to group -- dash -c '"$HOP" pause & wait'
	assert_broken 2 ignored-async
}

@test "setsid, job control: other session, other group" {
	chain --to group -- bash -c 'setsid "$HOP" pause & wait'
	assert_broken 2 other-session
	chain --to group -- bash -c 'set -m; "$HOP" pause & wait'
	assert_broken 2 other-group
}

@test "env makes way, timeout forwards" {
	patiently chain -- env "$HOP" pause
	assert_whole
	says '.hops | length' 1
	patiently chain -- timeout 1000 "$HOP" exit 4
	assert_whole
	says '.hops | length' 2
	run jq '.hops[1].from == .hops[0].pid' "$WORK/chain.json"
	assert_output true
}

@test "a forwarder that tells its child only" {
	chain -- "$HOP" forward bash -c '"$HOP" pause; true'
	assert_broken 2 left-orphan
	hop 1 '.sent_to | length' 1
}

@test "a forwarder that sends by pidfd to a child that shows no delivery" {
	patiently chain -- "$HOP" forward-pidfd "$HOP" signalfd
	assert_whole
	run jq -c '[.hops[0].sent_to == [.hops[1].pid], .hops[1].from == .hops[0].pid,
		.hops[1].got]' "$WORK/chain.json"
	assert_output '[true,true,"signalfd"]'
}

@test "a python subprocess" {
	command -v python3 >/dev/null || skip "no python3"
	chain -- python3 -c 'import os, subprocess; subprocess.run([os.environ["HOP"], "pause"])'
	assert_broken 1 left-orphan
}

@test "^C from the terminal reaches the foreground group" {
	patiently chain --profile terminal -- bash -c '"$HOP" pause; true'
	assert_whole
	hop 2 '"\(.foreground) \(.from) \(.did.died)"' 'true terminal INT'
}

@test "^C: the child exits, so the shell goes on" {
	chain --profile terminal -- bash -c '"$HOP" exit 0; "$HOP" pause'
	assert_broken 1 went-on
}

@test "^C in raw mode is no signal" {
	chain --profile terminal -- "$HOP" raw
	assert_broken 1 raw-terminal
}

@test "^C at a password prompt says so" {
	patiently chain --profile terminal -- "$HOP" password
	assert_whole
	says '.notes | any(test("as if for a password"))' true
}

@test "a thread takes it by sigwait" {
	patiently chain -- "$HOP" sigwait
	assert_whole
	hop 1 '"\(.disposition) \(.got) \(.from) \(.did.exited)"' 'sigwait sigwait sigmatrix 7'
}

@test "sigwait that takes it and does nothing is caught" {
	chain -- "$HOP" sigwait-deaf
	assert_broken 1 caught-nothing
	hop 1 '"\(.got) \(.times)"' 'sigwait 1'
}

@test "sigtimedwait with a timeout, signalled between two waits" {
	patiently chain --ready polled -- "$HOP" sigwait-polls
	assert_whole
	hop 1 '"\(.disposition) \(.got) \(.did.exited)"' 'sigwait sigwait 7'
}

@test "signalfd" {
	patiently chain -- "$HOP" signalfd
	assert_whole
	hop 1 '"\(.disposition) \(.got) \(.did.exited)"' 'signalfd signalfd 8'
}

@test "ignored, blocked, caught for nothing: delivery alone is no effect" {
	chain -- "$HOP" ignore
	assert_broken 1 ignored
	chain -- "$HOP" block
	assert_broken 1 blocked
	hop 1 .got pending
	chain -- "$HOP" deaf
	assert_broken 1 caught-nothing
}

@test "200 processes" {
	chain -- "$HOP" many 200
	assert_broken 1 left-orphan
	says '.survivors | length' 200
	patiently chain --to group -- "$HOP" many 200
	assert_whole
	says '[.hops[] | select(.did.died == "TERM" and .from == "sigmatrix")] | length' 201
	run --separate-stderr sigmatrix chain -- "$HOP" many 200
	assert_line '  ... and 197 more like it'
}

@test "a tree that forks while it is being signalled" {
	chain -- "$HOP" forks
	assert_broken 2 forked-after
	says '[.hops[] | select(.late)] | length' 3
}

@test "a zombie that nobody waits for" {
	chain -- "$HOP" forward-only "$HOP" pause
	assert_broken 1 zombie
	patiently chain -- "$HOP" zombie
	assert_whole
	says '.notes | any(test("a zombie"))' true
}

@test "a command that never settles is signalled all the same, and the report says so" {
	patiently chain --settle 1s -- "$HOP" busy
	assert_whole
	says '.notes | any(test("never settled"))' true
}

@test "a timer that runs: settled is likely, not proved" {
	patiently chain -- sleep 1000
	assert_whole
	says '.notes | any(test("not proved"))' true
}

@test "a signal that is to arrive, not to end" {
	chain --signal USR1 -- bash -c 'trap : USR1; "$HOP" deaf & while :; do wait; done'
	assert_broken 1 kept
	chain --signal USR1 -- bash -c 'trap "kill -USR1 \$!" USR1; "$HOP" deaf & while :; do wait; done'
	says .verdict whole
	assert_equal "$chain_status" 0
	chain --signal USR1 -- bash -c 'exec sleep 1000'
	assert_broken 1 died-of-it
}

@test "ci: INT first, TERM after that" {
	patiently chain --profile ci -- "$HOP" exit 5
	assert_whole
	says .signal INT
	chain --profile ci -- bash -c '"$HOP" deaf; true'
	assert_broken 1 left-orphan
	says .signal TERM
	says '.notes | any(test("INT alone: breaks at hop 1"))' true
}

@test "--to a pid of the tree, or one that is not in it" {
	patiently chain --profile docker-stop --to 2 -- bash -c '"$HOP" exit 0; exit 0'
	[[ $chain_status == 3 ]] && skip "$(jq -r .explanation "$WORK/chain.json")"
	assert_whole
	hop 2 .from sigmatrix
	chain --to 2147483647 -- "$HOP" pause
	assert_equal "$chain_status" 3
	says .verdict unmeasured
}

@test "--ready: output, file, port, and one that never comes" {
	patiently chain --ready 'up.*running' -- bash -c 'echo up and running; while :; do :; done'
	assert_whole
	patiently chain --ready "file:$WORK/up" -- bash -c ': >"$1"; exec "$HOP" pause' sh "$WORK/up"
	assert_whole
	chain --settle 100ms --ready never -- "$HOP" pause
	assert_equal "$chain_status" 3
	says '.explanation | test("not ready within 0.1 s")' true
	command -v python3 >/dev/null || return 0
	patiently chain --ready port:47311 -- python3 -c 'import socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 47311)); s.listen(); time.sleep(1000)'
	assert_whole
}

@test "what cannot be measured: a command that is not there, or ends too early" {
	chain -- /nonexistent/command
	assert_equal "$chain_status" 3
	says .explanation 'unable to start the command: /nonexistent/command: No such file or directory'
	chain -- bash -c 'exit 7'
	assert_equal "$chain_status" 3
	says '.explanation | test("ended by itself with status 7 .*--tty")' true
	chain -- bash -c 'kill -KILL $$'
	assert_equal "$chain_status" 3
	says '.explanation | test("died of KILL before")' true
}

@test "what cannot be measured: tracing or namespaces are refused" {
	run --separate-stderr "$DENY" ptrace -- "$SIGMATRIX" chain -- "$HOP" pause
	assert_equal "$status" 3
	assert_output --partial 'unable to trace the command (PTRACE_SEIZE): Operation not permitted'
	assert_output --partial "'sigmatrix doctor' says"
	assert_no_subject_left
	unshare --user --map-root-user true || skip "no user namespaces"
	# shellcheck disable=SC2016 # for that sh
	run --separate-stderr unshare --user --map-root-user sh -c '
		echo 0 >/proc/sys/user/max_pid_namespaces; exec "$@"' sh \
		"$SIGMATRIX" chain --profile docker-stop -- "$HOP" pause
	assert_equal "$status" 3
	assert_output --partial 'unable to make a PID namespace'
	assert_no_subject_left
}

@test "usage" {
	run sigmatrix chain
	assert_failure 2
	assert_line --index 0 --partial 'name a command'
	run sigmatrix chain --profile dokcer-stop -- true
	assert_failure 2
	assert_line --index 0 --partial "did you mean 'docker-stop'?"
	run sigmatrix chain --signal TREM -- true
	assert_failure 2
	run sigmatrix chain --grace soon -- true
	assert_failure 2
	run sigmatrix chain --ready '(' -- true
	assert_failure 2
	run sigmatrix chain --to tty --signal USR1 -- true
	assert_failure 2
	run sigmatrix chain --pid 1 -- true
	assert_failure 2
	run sigmatrix chain --help
	assert_success
	assert_line --partial 'sigmatrix chain -- ./entrypoint.sh'
}

@test "text of commands is escaped, in every format" {
	local format evil=$'\e[2J\n"\\'
	for format in text json dot svg; do
		run --separate-stderr sigmatrix chain --format "$format" -- \
			bash -c 'printf "%s\n" "$1"; trap "" TERM; "$HOP" pause "$1"; true' \
			sh "$evil"
		assert_equal "$status" 1
		[[ $output$stderr != *$'\e'* ]] || fail "$format lets escapes through"
	done
	assert_no_subject_left
}

@test "dot is read by Graphviz" {
	command -v dot >/dev/null || skip "no dot"
	sigmatrix chain --format dot -- bash -c '"$HOP" pause; true' 2>/dev/null >"$WORK/chain.dot" ||
		true
	run dot -Tsvg "$WORK/chain.dot"
	assert_success
	assert_output --partial 'breaks at hop 1'
}

# svg FILTER: what xmllint says of it in $WORK/chain.svg.
svg() {
	xmllint --xpath "$1" "$WORK/chain.svg"
}

@test "svg: a document of its own, with a box for each hop and an arrow for each way" {
	run --separate-stderr sigmatrix chain --grace 1s --format svg -- timeout 1000 \
		bash -c '"$HOP" exit 3 & "$HOP" pause; true' sh '<b>"&'
	assert_equal "$status" 0
	echo "$output" >"$WORK/chain.svg"
	# Four hops and the background; sigmatrix signals the first, timeout the other three.
	assert_equal "$(svg 'count(//*[local-name()="rect"])')" 5
	assert_equal "$(svg 'count(//*[local-name()="path" and @class="si"])')" 4
	assert_equal "$(svg 'count(//*[local-name()="rect" and @class="br"])')" 0
	assert_equal "$(svg 'string(//*[local-name()="text"][1])')" 'chain is whole'
	run svg '//*[local-name()="text"]'
	assert_output --partial '&lt;b&gt;'
	# Nothing is fetched, nothing runs.
	run grep -cE '<(script|image|foreignObject|use)|href=|url\(|@import' "$WORK/chain.svg"
	assert_output 0
}

@test "svg: the hop where it breaks and who is left are marked" {
	run --separate-stderr sigmatrix chain --grace 1s --format svg -- bash -c '"$HOP" pause; true'
	assert_equal "$status" 1
	echo "$output" >"$WORK/chain.svg"
	assert_equal "$(svg 'count(//*[local-name()="rect" and @class="br"])')" 1
	assert_equal "$(svg 'count(//*[local-name()="rect" and @class="su"])')" 1
	assert_equal "$(svg 'count(//*[local-name()="path" and @class="si"])')" 1
	run svg '//*[local-name()="text"]'
	assert_output --partial '- left-orphan'
	run --separate-stderr sigmatrix chain --format svg -- /nonexistent/command
	assert_equal "$status" 3
	echo "$output" >"$WORK/chain.svg"
	run svg 'string(//*[local-name()="text"][1])'
	assert_output --partial 'not measured: unable to start the command'
}

# start_tree COMMAND...: in a group of its own; its pid in $tree once the hop below it sleeps.
start_tree() {
	setsid "$@" >/dev/null 2>&1 3>&- &
	disown
	tree=$!
	until grep -qs . "/proc/$tree/task/$tree/children" &&
		[[ $(readlink "/proc/$(tr -d ' ' <"/proc/$tree/task/$tree/children")/exe") == \
			"$HOP" ]]; do
		kill -0 "$tree" || fail "the tree never grew"
	done
}

@test "--pid only looks, and leaves the tree as it was" {
	start_tree bash -c '"$HOP" pause; true'
	run --separate-stderr sigmatrix chain --format json --pid "$tree"
	echo "$output" >"$WORK/chain.json"
	assert_equal "$status" 0
	says '"\(.verdict) \(.hops | length) \(.breaks_at)"' 'looked 2 null'
	kill -0 "$tree"
	kill -KILL -- "-$tree"
}

@test "--pid with --signal sends, and ends nobody else" {
	start_tree bash -c '"$HOP" pause; true'
	run --separate-stderr sigmatrix chain --grace 1s --format json --pid "$tree" --signal TERM
	echo "$output" >"$WORK/chain.json"
	chain_status=$status
	assert_broken 1 left-orphan
	local survivor
	survivor=$(jq '.survivors[0]' "$WORK/chain.json")
	kill -0 "$survivor"
	kill -KILL "$survivor"
}

@test "--pid of nobody" {
	run sigmatrix chain --pid 2147483647
	assert_failure 3
	assert_output --partial 'No such process'
}

@test "an ordinary user" {
	((EUID == 0)) || skip "the other tests are that"
	local public
	public=$(mktemp -d /tmp/chain-test-XXXXXX)
	cp "$BUILD/hop" "$SIGMATRIX" "$public"
	chmod -R a+rX "$public"
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups -- \
		"$public/sigmatrix" chain --format json -- bash -c '"$0" pause; true' "$public/hop"
	echo "$output" >"$WORK/chain.json"
	chain_status=$status
	assert_broken 1 left-orphan
	if [[ -u /usr/bin/su ]]; then
		run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups -- \
			"$public/sigmatrix" chain --format json --profile terminal -- su
		echo "$output" >"$WORK/chain.json"
		says '.notes | any(test("su is set-user-ID and runs without its rights"))' true
	fi
	rm -r "$public"
}

# In the background, its pid in $tool, until the subject has made $WORK/up.
start_chain() {
	"$SIGMATRIX" chain --grace 100s --settle 100s --quiet --ready file:/nonexistent -- \
		bash -c 'setsid "$HOP" pause & : >"$1"; exec "$HOP" ignore' sh "$WORK/up" \
		>/dev/null 2>&1 3>&- &
	tool=$!
	wait_for_file "$WORK/up" "$tool"
}

@test "whoever ends sigmatrix ends the command with it" {
	local sig
	for sig in HUP TERM KILL; do # INT is ignored in what bats starts with &
		rm -f "$WORK/up"
		start_chain
		kill -"$sig" "$tool"
		wait "$tool" || true
		# The kernel ends them in its own time once their tracer is gone.
		local deadline=$((SECONDS + 10))
		while [[ $(subjects_left) && $SECONDS -lt $deadline ]]; do :; done
		assert_no_subject_left
	done
}
