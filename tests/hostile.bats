#!/usr/bin/env bats
# Hostile conditions: whatever sigmatrix is started with and whatever happens to it, nothing stays
# behind, what was measured is kept or the old file untouched, the message says what and where, the exit
# status is the documented one, and where the run can go on the outcomes are those of any other day.
# shellcheck disable=SC2030,SC2031 # main is used in the test that sets it
# shellcheck disable=SC2016 # single quotes are for the shells inside
# shellcheck disable=SC2012,SC2013 # names of files and pids without blanks
# shellcheck disable=SC2154 # run --separate-stderr makes $stderr

bats_require_minimum_version 1.5.0
load fixtures/helper

# Traps, jobs, statuses and the terminal, where these shells differ from each other.
subset=(--case exec/simple-command --case traps/repeated-signal --case jobs/done-status
	--case jobs/ctrl-z-bg-fg --case terminal/back-after-suspend --case terminal/foreground-job
	--case forwarding/ctrl-c-child-exits --shell dash --shell bash --shell zsh)

setup_file() {
	# Where every user can read, whatever the mode of the build's or of bats's directories.
	PUBLIC=$(mktemp -d /tmp/test-sigmatrix.XXXXXX)
	export PUBLIC
	chmod 755 "$PUBLIC"
	mkdir "$PUBLIC/build"
	cp "$BUILD"/{sigmatrix,actor,liar,deny,crowd} "$PUBLIC/build/"
	cp -rL "$ROOT/cases" "$ROOT/shells" "$PUBLIC/"
	chmod -R a+rX "$PUBLIC"
	"$PUBLIC/build/sigmatrix" run "${subset[@]}" --quiet --output "$PUBLIC/ordinary.json" >/dev/null
	outcomes "$PUBLIC/ordinary.json" >"$PUBLIC/expected"
}

teardown_file() {
	rm -rf "$PUBLIC"
}

setup() {
	use_own_tmpdir
	if ((EUID == 0)); then
		export TMPDIR=$PUBLIC/tmp-$BATS_TEST_NUMBER
		WORK=$PUBLIC/work-$BATS_TEST_NUMBER
		mkdir -m 777 "$TMPDIR" "$WORK"
		chmod 777 "$TMPDIR" "$WORK"
	fi
	export WORK
	SIGMATRIX=$PUBLIC/build/sigmatrix
	LIAR=$PUBLIC/build/liar
}

need_root() {
	((EUID == 0)) || skip 'only as root'
}

ordinary() {
	setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

# until_true COMMAND...: for an observable fact; the deadline is only for a harness that never shows it.
until_true() {
	local deadline=$((SECONDS + 30))
	until "$@"; do
		((SECONDS <= deadline)) || fail "never came true: $*"
	done
}

is_gone() {
	[[ ! -e /proc/$1 || $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) == Z ]]
}

is_in_state() {
	[[ $(sed 's/.*) //; s/ .*//' "/proc/$2/stat" 2>/dev/null) == "$1" ]]
}

assert_same_outcomes() {
	run diff <(outcomes "${1:-$WORK/results.json}") "$PUBLIC/expected"
	assert_success
}

# goes_on COMMAND...: the run that is put behind it measures what it always does.
goes_on() {
	run --separate-stderr timeout -s KILL 120 "$@" "$SIGMATRIX" run "${subset[@]}" --quiet \
		--output "$WORK/results.json"
	assert_success
	assert_same_outcomes
	assert_nothing_left
	rm "$WORK"/results.*
}

# refuses MESSAGE COMMAND...: the run ends with 3 before it has begun, and the message says why.
refuses() {
	local message=$1
	shift
	echo old >"$WORK/results.json"
	run --separate-stderr timeout -s KILL 60 "$@" "$SIGMATRIX" run "${subset[@]}" --quiet \
		--output "$WORK/results.json"
	assert_equal "$status" 3
	[[ $stderr == *"$message"* ]] || fail "'$message' is not in: $stderr"
	assert_equal "$(cat "$WORK/results.json")" old
	assert_equal "$(ls "$WORK")" results.json
	assert_nothing_left
}

# start_hanging COMMAND...: in the background behind it, a run whose second cell hangs; returns when that
# is being played.
start_hanging() {
	"$@" "$SIGMATRIX" run --case exec/simple-command --jobs 1 --shell "first=$LIAR honest" \
		--shell "hangs=$LIAR hangs=$WORK/flag" --output "$WORK/results.json" \
		>"$WORK/stdout" 2>"$WORK/stderr" 3>&- &
	main=$!
	wait_for_file "$WORK/flag" "$main"
}

# assert_stopped STATUS: the run has ended so, and has kept its first cell.
assert_stopped() {
	local ended=0
	wait "$main" || ended=$?
	assert_equal "$ended" "$1"
	assert_first_kept
}

assert_first_kept() {
	run jq -c '.host.complete, [.cells[] | .shell, .outcome]' "$WORK/results.json"
	assert_output $'false\n["first","exec"]'
	assert_nothing_left
}

@test "the checks of this file: they see a process, a file and another outcome" {
	EVENTS=$TMPDIR/x "$PUBLIC/build/crowd" 1 sleep "$WORK/there" 3>&- &
	local crowd=$!
	until_true test -e "$WORK/there"
	run processes_left
	assert_line "$crowd"
	kill "$crowd"
	wait "$crowd" || true
	until_true eval '[[ -z $(processes_left) ]]'
	mkdir "$TMPDIR/.sigmatrix-run-left"
	run assert_nothing_left
	assert_failure
	rmdir "$TMPDIR/.sigmatrix-run-left"
	sed 's/"fork"/"exec"/' "$PUBLIC/ordinary.json" >"$WORK/other.json"
	run assert_same_outcomes "$WORK/other.json"
	assert_failure
	[ "$(wc -l <"$PUBLIC/expected")" -eq 30 ]
}

@test "every signal ignored" {
	goes_on env --ignore-signal
	# Without a namespace and a tracer a probe waits for its child: SIGCHLD, too, was ignored.
	run timeout -s KILL 60 env --ignore-signal "$SIGMATRIX" run "${subset[@]}" --quiet \
		--isolation subreaper --trace off --output "$WORK/results.json"
	assert_success
	assert_nothing_left
	run diff <(outcomes "$WORK/results.json" | grep -v ' n/a$') \
		<(grep -wFf <(outcomes "$WORK/results.json" | grep -v ' n/a$' | cut -d' ' -f1,2) \
			"$PUBLIC/expected")
	assert_success
}

@test "every signal blocked; a stopped run dies of it all the same" {
	goes_on env --block-signal
	start_hanging env --default-signal env --block-signal
	kill -TERM "$main"
	assert_stopped 143
	grep -q 'stopped by Terminated: 1 of 2 cells were played and kept' "$WORK/stderr"
}

@test "nohup: a hangup stops nothing" {
	start_hanging nohup
	kill -HUP "$main"
	kill -TERM "$main" # the lower number would be taken first
	assert_stopped 143
	grep -q 'stopped by Terminated' "$WORK/stderr"
}

@test "SIGINT ignored, as in a script's background: ^C stops nothing" {
	start_hanging env --default-signal env --ignore-signal=INT
	kill -INT "$main"
	kill -TERM "$main"
	assert_stopped 143
}

@test "^C, and again while the first is carried out: what was measured is kept" {
	start_hanging env --default-signal
	kill -INT "$main"
	while kill -INT "$main" 2>/dev/null && is_in_state S "$main"; do :; done
	assert_stopped 130
	run ls "$WORK"
	refute_output --partial tmp
}

@test "standard descriptors closed, each and all" {
	goes_on sh -c 'exec "$@" <&-' sh
	goes_on sh -c 'exec "$@" 2>&-' sh
	# The note about namespaces has nowhere to go, and must not go where a worker's socket is.
	goes_on sh -c 'exec "$@" <&- 2>&-' sh "$PUBLIC/build/deny" namespaces --
	for closed in '>&-' '<&- >&-' '<&- >&- 2>&-'; do
		run timeout 60 sh -c "exec \"\$@\" $closed" sh "$SIGMATRIX" run "${subset[@]}" --quiet \
			--output "$WORK/results.json"
		assert_equal "$status" 3
		[[ $closed == *2* || $output == *'unable to print the matrix: Bad file'* ]]
		assert_same_outcomes
		assert_nothing_left
	done
}

@test "a full standard output" {
	run sh -c 'exec "$@" 2>&1 >/dev/full' sh "$SIGMATRIX" run "${subset[@]}" --quiet \
		--output "$WORK/results.json"
	assert_equal "$status" 3
	assert_output --partial 'unable to print the matrix: No space left on device'
	assert_same_outcomes
	assert_nothing_left
}

@test "children of the program that exec'ed us are neither waited for nor killed" {
	for more in '' '--isolation subreaper'; do
		rm -f "$WORK"/there
		# shellcheck disable=SC2086 # several words
		run timeout -s KILL 60 bash -c '"$1" 1 sleep "$2/there" 3>&- >"$2/crowd" 2>&1 &
			echo $! >"$2/pid"; shift 2; exec "$@"' bash "$PUBLIC/build/crowd" "$WORK" \
			"$SIGMATRIX" run "${subset[@]}" --quiet $more --output "$WORK/results.json"
		assert_success
		assert_same_outcomes
		until_true test -e "$WORK/there"
		kill "$(cat "$WORK/pid")" # it is still there
		assert_nothing_left
	done
}

@test "descriptors that others left open, and make -j's jobserver" {
	goes_on bash -c 'for fd in {3..9} {20..60}; do eval "exec $fd</dev/null"; done; exec "$@"' bash
	printf 'all:\n\t+@%s run %s --quiet --output %s\n' "$SIGMATRIX" "${subset[*]}" \
		"$WORK/results.json" >"$WORK/Makefile"
	run env -u MAKEFLAGS -u MAKELEVEL make -s -j2 -f "$WORK/Makefile"
	assert_success
	assert_same_outcomes
	assert_nothing_left
}

@test "without a controlling terminal; as session leader" {
	goes_on setsid -w
	goes_on setsid -w sh -c '"$@"; exit $?' sh
}

@test "in script(1), as session leader and not; its terminal's modes are as before" {
	local more
	for more in exec ''; do
		run script -qec "stty -g >'$WORK/before'; ($more '$SIGMATRIX' run ${subset[*]} \
			--output '$WORK/results.json'); s=\$?; stty -g >'$WORK/after'; exit \$s" \
			"$WORK/typescript"
		assert_success
		assert_same_outcomes
		run diff "$WORK/before" "$WORK/after"
		assert_success
		assert_nothing_left
	done
	run script -qec "exec '$SIGMATRIX' run ${subset[*]} --output '$WORK/results.json'" \
		"$WORK/typescript"
	assert_success
	assert_same_outcomes
}

@test "inside tmux" {
	command -v tmux >/dev/null || skip 'no tmux'
	env -u TMUX tmux -S "$WORK/socket" -f /dev/null new-session -d -x 80 -y 24 \
		"stty -g >'$WORK/before'; '$SIGMATRIX' run ${subset[*]} --output '$WORK/results.json'
		echo \$? >'$WORK/ended'; stty -g >'$WORK/after'; : >'$WORK/over'" 3>&-
	until_true test -e "$WORK/over"
	assert_equal "$(cat "$WORK/ended")" 0
	assert_same_outcomes
	run diff "$WORK/before" "$WORK/after"
	assert_success
	assert_nothing_left
}

@test "the terminal goes away in the middle: what was measured is kept" {
	env --default-signal script -qec "echo \$\$ >'$WORK/pid'; exec '$SIGMATRIX' run --jobs 1 \
		--case exec/simple-command --shell 'first=$LIAR honest' \
		--shell 'hangs=$LIAR hangs=$WORK/flag' --output '$WORK/results.json'" \
		"$WORK/typescript" >/dev/null 2>&1 3>&- &
	local terminal=$!
	wait_for_file "$WORK/flag" "$terminal"
	kill -KILL "$terminal"
	wait "$terminal" || true
	until_true is_gone "$(cat "$WORK/pid")"
	assert_first_kept
}

@test "^Z stops the run and not its workers; fg goes on with it" {
	cat >"$WORK/slow" <<-END
		: >"$WORK/flag"
		while [ ! -e "$WORK/go" ]; do :; done
		exec dash "\$@"
	END
	mkfifo "$WORK/keys"
	script -qec 'exec env --default-signal dash -i' "$WORK/typescript" <"$WORK/keys" \
		>/dev/null 2>&1 3>&- &
	local terminal=$!
	exec 4>"$WORK/keys"
	printf '%s\r' "stty -g >$WORK/before" "$SIGMATRIX run --case exec/simple-command --jobs 1 \
--shell 'slow=/bin/sh $WORK/slow' --quiet --output $WORK/results.json" >&4
	wait_for_file "$WORK/flag" "$terminal"
	main=$(pgrep -of "^$SIGMATRIX run .*$WORK/results.json")
	printf '\032' >&4
	until_true is_in_state T "$main"
	local worker
	worker=$(pgrep -P "$main")
	run is_in_state T "$worker"
	assert_failure
	: >"$WORK/go"
	printf '%s\r' fg 'echo $? >'"$WORK/ended" "stty -g >$WORK/after" exit >&4
	exec 4>&-
	wait "$terminal" || true
	assert_equal "$(cat "$WORK/ended")" 0
	assert_outcome exec/simple-command slow fork
	run diff "$WORK/before" "$WORK/after"
	assert_success
	assert_nothing_left
}

@test "few descriptors" {
	goes_on bash -c 'ulimit -n 67; exec "$@"' bash
	goes_on bash -c 'ulimit -n 52; exec "$@"' bash
	[[ $stderr == *'note: '*'cells at the same time instead of'*"raise it with 'ulimit -n "* ]]
	refuses "error: no room to play a cell: the limit of open files is 30; raise it with 'ulimit -n" \
		bash -c 'ulimit -n 30; exec "$@"' bash
}

@test "few processes, to an ordinary user" {
	need_root
	goes_on prlimit --nproc=60 setpriv --reuid=65533 --regid=65533 --clear-groups --
	[[ $stderr == *'note: 2 cells at the same time instead of'*"raise it with 'ulimit -u "* ]]
	refuses 'error: no room to play a cell: the limit of your processes is 9, 1 are there' \
		prlimit --nproc=9 setpriv --reuid=65533 --regid=65533 --clear-groups --
}

@test "so little stack that shells die of it: they get what they need, or it is said" {
	goes_on bash -c 'ulimit -S -s 64; exec "$@"' bash
	assert_equal "$stderr" ''
	# By hand: bash -i does die of it.
	run timeout -s KILL 60 bash -c 'ulimit -s 64
		exec script -qec "bash --norc -i" /dev/null </dev/null'
	assert_equal "$status" 139
	# Without the right to raise the limit.
	run --separate-stderr bash -c 'ulimit -s 64; exec "$@"' bash setpriv --reuid=65534 \
		--regid=65534 --clear-groups -- "$SIGMATRIX" run --case terminal/back-after-suspend --shell bash \
		--quiet --output "$WORK/results.json"
	[[ $stderr == *"note: the stack limit is 64 KiB, and we may not raise it: shells may die"* ]]
	assert_reason terminal/back-after-suspend bash 'shell ended signal SEGV'
	run bash -c 'ulimit -s 64; exec "$@"' bash setpriv --reuid=65534 --regid=65534 \
		--clear-groups -- "$SIGMATRIX" doctor
	assert_line --partial 'stack limit is 64 KiB'
	assert_nothing_left
}

# in_pids_group MAX COMMAND...: in a cgroup of its own that has room for MAX tasks.
in_pids_group() {
	local group=$PIDS_GROUP max=$1
	shift
	mkdir "$group"
	echo "$max" >"$group/pids.max"
	(echo "$BASHPID" >"$group/cgroup.procs" && exec "$@")
	local status=$?
	until rmdir "$group"; do :; done
	return $status
}

# Sets PIDS_GROUP to where a group with the controller may be made, or skips and says why.
need_pids_group() {
	local place
	need_root
	place=$(awk '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ { print $2; exit }' /proc/self/mounts)
	if [[ -z $place ]]; then
		place=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
		grep -qsw pids "$place/cgroup.subtree_control" ||
			skip 'the pids controller is in no cgroup hierarchy that we see'
	fi
	PIDS_GROUP=$place/test-sigmatrix-$$
	mkdir "$PIDS_GROUP" 2>/dev/null || skip "no cgroup can be made in $place"
	[[ -w $PIDS_GROUP/pids.max ]] || { rmdir "$PIDS_GROUP" && skip "$place has no pids.max to write"; }
	rmdir "$PIDS_GROUP"
	export PIDS_GROUP
	export -f in_pids_group
}

@test "few processes in our control group, to root as well" {
	need_pids_group
	goes_on bash -c 'in_pids_group 60 "$@"' bash
	[[ $stderr == *'note: 2 cells at the same time instead of'*'pids.max'*'--pids-limit'* ]]
	refuses 'error: no room to play a cell: the control group we are in lets 20 processes be' \
		bash -c 'in_pids_group 20 "$@"' bash
	# The one around it counts as well.
	local outer=$PIDS_GROUP-outer
	mkdir "$outer"
	echo 60 >"$outer/pids.max"
	PIDS_GROUP=$outer/inner goes_on bash -c 'in_pids_group max "$@"' bash
	rmdir "$outer"
	[[ $stderr == *'note: 2 cells at the same time instead of'*'pids.max'* ]]
}

@test "little stack or memory, no core files, files that may not grow" {
	goes_on bash -c 'ulimit -s 1024; ulimit -c 0; exec "$@"' bash
	goes_on bash -c 'ulimit -v 100000; exec "$@"' bash
	echo old >"$WORK/results.json"
	run bash -c 'ulimit -f 0; exec "$@"' bash "$SIGMATRIX" run "${subset[@]}" --quiet \
		--output "$WORK/results.json"
	assert_equal "$status" 2 # nothing was played
	assert_output --partial 'File too large'
	assert_equal "$(cat "$WORK/results.json")" old
	assert_nothing_left
}

# in_mounts COMMAND: a shell command in mounts of its own, where these are gone afterwards.
in_mounts() {
	local command=$1
	shift
	unshare -m --propagation private sh -c "$command; exec \"\$@\"" sh "$@"
}

@test "a temporary directory that is read-only, noexec, full or badly named" {
	need_root
	local place="$TMPDIR" before
	before=$(cat /proc/self/mounts)
	export -f in_mounts
	refuses 'Read-only file system (set TMPDIR to a writable place' \
		bash -c 'in_mounts "mount -t tmpfs -o ro none $TMPDIR" "$@"' bash
	refuses 'no program may be executed there (mounted noexec) (set TMPDIR' \
		bash -c 'in_mounts "mount -t tmpfs -o noexec none $TMPDIR" "$@"' bash
	refuses 'No space left on device (set TMPDIR to a writable place with room' \
		bash -c 'in_mounts "mount -t tmpfs -o nr_inodes=1 none $TMPDIR" "$@"' bash
	for name in 'with blanks' with:colon "quo'te" "\$HOME"; do
		mkdir "$place/$name"
		TMPDIR="$place/$name" refuses 'has characters that mean something to shells'
		rmdir "$place/$name"
	done
	local long
	long=$place/$(printf '%0100d' 0)
	mkdir "$long"
	TMPDIR=$long refuses 'File name too long (set TMPDIR to a writable place with room and a short'
	rmdir "$long"
	assert_equal "$(cat /proc/self/mounts)" "$before"
}

@test "a temporary directory that gets full: broken, with the reason" {
	need_root
	run in_mounts 'mount -t tmpfs -o size=64k none "$TMPDIR"; dd if=/dev/zero of="$TMPDIR/fill" bs=4k \
		2>/dev/null' "$SIGMATRIX" run --case jobs/ctrl-z-nested-script --case exec/simple-command \
		--shell dash --quiet --output "$WORK/results.json"
	assert_equal "$status" 3
	assert_outcome exec/simple-command dash fork
	assert_outcome jobs/ctrl-z-nested-script dash broken
	assert_reason jobs/ctrl-z-nested-script dash 'unable to write .*: No space left on device'
	assert_nothing_left
}

@test "a full disk for the results: the old ones are untouched" {
	need_root
	mkdir "$WORK/disk"
	run in_mounts 'mount -t tmpfs -o size=16k none "$WORK/disk"
		for f in r.json r.timelines.jsonl; do echo "old-$f" >"$WORK/disk/$f"; done' \
		sh -c '"$@"; s=$?; cat "$WORK"/disk/*.json "$WORK"/disk/*.jsonl; exit $s' sh \
		"$SIGMATRIX" run "${subset[@]}" --format json --output "$WORK/disk/r.json"
	assert_equal "$status" 3
	assert_line --partial 'No space left on device; what was there before is untouched'
	assert_line --regexp '^\{"case":"exec/simple-command",.*"outcome":"fork"' # printed all the same
	assert_line old-r.json
	assert_line old-r.timelines.jsonl
	assert_nothing_left
}

@test "results on another file system, relative, and in a directory that is gone" {
	local elsewhere
	elsewhere=$(mktemp -d /dev/shm/test-sigmatrix.XXXXXX)
	(cd "$elsewhere" && run "$SIGMATRIX" run "${subset[@]}" --quiet --output r.json && assert_success)
	assert_same_outcomes "$elsewhere/r.json"
	assert_equal "$(ls "$elsewhere" | tr '\n' ' ')" 'r.json r.timelines.jsonl '
	rm -r "$elsewhere"
	mkdir "$WORK/gone"
	run sh -c 'cd "$1" && rmdir "$1" && shift && exec "$@"' sh "$WORK/gone" \
		"$SIGMATRIX" run "${subset[@]}" --quiet --output r.json
	assert_equal "$status" 3 # nothing was played
	assert_output --partial 'No such file or directory'
	assert_nothing_left
}

@test "two runs with the same --output at once: the second is refused, the first goes on" {
	start_hanging env --default-signal
	run "$SIGMATRIX" run "${subset[@]}" --quiet --output "$WORK/results.json"
	assert_equal "$status" 2
	assert_output --partial "another sigmatrix (process $main) is writing"
	kill -TERM "$main"
	assert_stopped 143
}

@test "an environment that is empty, huge or foreign" {
	goes_on env -i "TMPDIR=$TMPDIR"
	goes_on bash -c 'export A B; printf -v A %0120000d 1; B=$A; exec "$@"' bash
	goes_on env LC_ALL=tr_TR.UTF-8 LANGUAGE=de TERM=none COLUMNS=-1 \
		HOME=/nonexistent ENV=/nonexistent BASH_ENV=/nonexistent POSIXLY_CORRECT=1 EVENTS=x
}

@test "umask 777, and a subject that locks us out of what it leaves, to an ordinary user" {
	need_root
	run bash -c 'umask 777; exec "$@"' bash setpriv --reuid=65534 --regid=65534 --clear-groups -- \
		"$SIGMATRIX" run "${subset[@]}" --quiet --format json
	assert_success
	echo "$output" >"$WORK/results.json"
	assert_same_outcomes
	assert_nothing_left
	cat >"$WORK/locks" <<-'END'
		mkdir -p "$HOME/a/b"
		chmod 0 "$HOME/a/b" "$HOME/a"
		exec dash "$@"
	END
	run ordinary "$SIGMATRIX" run --case exec/simple-command --shell "locks=/bin/sh $WORK/locks"
	assert_success
	assert_nothing_left
}

@test "/proc with hidepid=2, to an ordinary user" {
	need_root
	export -f in_mounts
	goes_on bash -c 'in_mounts "mount -t proc -o hidepid=2 proc /proc" setpriv --reuid=65534 \
		--regid=65534 --clear-groups -- "$@"' bash
}

@test "no /proc, and one of another PID namespace: refused, with what helps" {
	need_root
	export -f in_mounts
	refuses 'error: unable to read /proc: No such file or directory; mount it (mount -t proc' \
		bash -c 'in_mounts "umount -l /proc" "$@"' bash
	refuses 'error: /proc is that of another PID namespace than ours; mount our own' \
		unshare --pid --fork
	run unshare --pid --fork "$SIGMATRIX" explain exec/simple-command --shell dash
	assert_equal "$status" 3
}

@test "in a PID namespace, as PID 1 and not" {
	need_root
	goes_on unshare --pid --fork --mount-proc
	goes_on unshare --pid --fork --mount-proc sh -c '"$@"; exit $?' sh
	start_hanging env --default-signal unshare --pid --fork --mount-proc --kill-child
	local unshare=$main
	kill -TERM "$(pgrep -P "$unshare")"
	assert_stopped 143
}

@test "an ordinary user without namespaces, and without ptrace" {
	need_root
	local ordinary=(setpriv --reuid=65534 --regid=65534 --clear-groups -- "$PUBLIC/build/deny")
	goes_on "${ordinary[@]}" namespaces --
	run "${ordinary[@]}" namespaces ptrace -- "$SIGMATRIX" run "${subset[@]}" --quiet \
		--output "$WORK/results.json"
	assert_success
	outcomes "$WORK/results.json" | grep -v ' n/a$' >"$WORK/told"
	[ "$(wc -l <"$WORK/told")" -gt 20 ]
	run diff "$WORK/told" <(grep -wFf <(cut -d' ' -f1,2 "$WORK/told") "$PUBLIC/expected")
	assert_success
	assert_nothing_left
}

@test "5000 other processes" {
	# Without our TMPDIR in their environment: they are not sigmatrix's.
	env -i "$PUBLIC/build/crowd" 5000 sleep "$WORK/there" 3>&- &
	local crowd=$!
	wait_for_file "$WORK/there" "$crowd"
	[ "$(pgrep -cP "$crowd")" -eq 5000 ]
	goes_on env
	kill -KILL "$crowd"
	wait "$crowd" || true
	until_true eval "! pgrep -f 'crowd 5000 sleep $WORK/there' >/dev/null"
}

@test "32 busy loops" {
	env -i nice -n 5 "$PUBLIC/build/crowd" 32 spin "$WORK/there" 3>&- &
	local crowd=$!
	wait_for_file "$WORK/there" "$crowd"
	# Little: everything takes many times as long.
	run sigmatrix run --case exec/simple-command --case terminal/back-after-suspend --shell dash \
		--quiet --output "$WORK/results.json"
	kill -KILL "$crowd"
	assert_success
	run outcomes "$WORK/results.json"
	assert_equal "${#lines[@]}" 2
	run grep -vxFf "$PUBLIC/expected" <<<"$output"
	assert_output ''
	assert_nothing_left
	wait "$crowd" || true
	until_true eval "! pgrep -f 'crowd 32 spin $WORK/there' >/dev/null"
}

# Half a second's work in what eight busy loops a processor leave of it takes longer than the deadline.
@test "a scene that others leave no processor to is waited for" {
	mkdir -p "$WORK/cases/slow"
	cat >"$WORK/cases/slow/counts.case" <<-'END'
		title:   It counts
		mode:    script
		spec:    unspecified

		A loop of builtins.

		script:
		    i=0
		    while [ "$i" -lt 500000 ]; do i=$((i + 1)); done
		    exit 3

		steps:
		    await   shell ended

		outcomes:
		    counts  shell ended exit 3  permitted  it ended by itself
	END
	env -i "$PUBLIC/build/crowd" "$((8 * $(nproc)))" spin "$WORK/there" 3>&- &
	local crowd=$!
	wait_for_file "$WORK/there" "$crowd"
	run sigmatrix run --cases "$WORK/cases" --shell dash --quiet \
		--timeout-factor 0.1 --output "$WORK/results.json"
	kill -KILL "$crowd"
	assert_success
	run outcomes "$WORK/results.json"
	assert_output --partial counts
	assert_nothing_left
	wait "$crowd" || true
	until_true eval "! pgrep -f 'crowd .* spin $WORK/there' >/dev/null"
}

@test "killed by SIGKILL: the old results are untouched, and the next run tidies up" {
	echo old >"$WORK/results.json"
	start_hanging env
	kill -KILL "$main"
	wait "$main" || true
	assert_no_process_left
	assert_equal "$(cat "$WORK/results.json")" old
	run "$SIGMATRIX" run "${subset[@]}" --quiet --output "$WORK/results.json"
	assert_equal "$status" 2 # what was played is not thrown away unasked
	assert_output --partial --resume
	rm "$WORK"/results.*
	goes_on env
}

@test "a scene's first process killed: that cell is broken, the others are played" {
	start_hanging env
	pkill -KILL -P "$(pgrep -d , -P "$main")"
	local ended=0
	wait "$main" || ended=$?
	assert_equal "$ended" 3
	assert_outcome exec/simple-command first exec
	assert_outcome exec/simple-command hangs broken
	assert_reason exec/simple-command hangs "the scene's first process was killed from outside"
	assert_nothing_left
}

actor_pid() {
	local environ
	for environ in $(grep -lszF "ACTORS=$TMPDIR/" /proc/[0-9]*/environ); do
		[[ $(cat "${environ%environ}comm") == actor ]] && echo "${environ//[!0-9]/}" && return
	done
	return 1
}

@test "an actor killed by somebody: it is told, and nothing is left" {
	mkdir -p "$WORK/cases/x"
	cat >"$WORK/cases/x/y.case" <<-'END'
		title:   Somebody kills the actor
		mode:    script
		busy:    yes
		spec:    unspecified

		For this test.

		script:
		    actor job &
		    while :; do :; done

		steps:
		    await   job ready
		    await   job ended

		outcomes:
		    killed   job ended signal KILL  permitted  somebody has killed it
	END
	"$SIGMATRIX" run --cases "$WORK/cases" --shell dash --quiet --output "$WORK/results.json" \
		>/dev/null 2>"$WORK/stderr" 3>&- &
	main=$!
	until_true actor_pid
	kill -KILL "$(actor_pid)"
	wait "$main" || cat "$WORK/stderr"
	assert_outcome x/y dash killed
	assert_nothing_left
}

@test "stopped while a shell is asked for its version: that shell is ended, too" {
	echo 'echo $$ >"$1.pid"; mv "$1.pid" "$1"; exec tail -f /dev/null' >"$WORK/deaf"
	cat >"$PUBLIC/shells/deaf.shell" <<-END
		title:   Does not say which version it is
		family:  deaf
		program: sh
		options: $WORK/deaf $WORK/pid
		version: echo
	END
	env --default-signal "$SIGMATRIX" run --case exec/simple-command \
		--shell deaf >/dev/null 2>"$WORK/stderr" 3>&- &
	main=$!
	wait_for_file "$WORK/pid" "$main"
	kill -INT "$main"
	wait "$main" || true
	until_true is_gone "$(cat "$WORK/pid")"
	rm "$PUBLIC/shells/deaf.shell"
}
