#!/usr/bin/env bats
# sigmatrix doctor: what it says is there is, and what is taken away is named with a remedy.
# shellcheck disable=SC2154 # run --separate-stderr makes $stderr

bats_require_minimum_version 1.5.0
load fixtures/helper

# line WORD THING: the line that says so.
assert_found() {
	assert_line --regexp "^$1 +$2 "
}

@test "doctor agrees with what a run then does" {
	run --separate-stderr sigmatrix doctor
	isolation=$(grep -c '^ok *PID namespaces' <<<"$output") || true
	trace=$(grep -c '^ok *tracing' <<<"$output") || true
	shells=$(sed -n '/^Shells/,/^Links/s/^ok  *\([^ ]*\) .*/\1/p' <<<"$output")
	results=$(sigmatrix run --quiet --format json --case exec/simple-command)
	assert_equal "$shells" "$(jq -r '.shells[].name' <<<"$results")"
	assert_equal "$trace" "$(jq '.host.trace == "ptrace" | if . then 1 else 0 end' <<<"$results")"
	assert_equal "$isolation" \
		"$(jq '.host.isolation | endswith("pid namespace") | if . then 1 else 0 end' <<<"$results")"
	assert_dir_empty
}

assert_dir_empty() {
	run find "$TMPDIR" -mindepth 1
	assert_output ""
}

@test "doctor names a shell that is missing, its package, and what the matrix will lack" {
	mkdir "$WORK/bin"
	ln -s "$(command -v dash)" "$WORK/bin/dash"
	PATH=$WORK/bin run "$SIGMATRIX" doctor
	assert_failure 3
	assert_found ok dash
	assert_found missing zsh
	assert_line --regexp '^The matrix will have 1 of [0-9]+ shells, [0-9]+ of [0-9]+ cells\.$'
	assert_line --regexp '^For the others: apt-get install .*\bzsh\b'
	refute_line --regexp 'apt-get install .*\bdash\b'
}

@test "doctor says that tracing is refused, and what to do" {
	run "$DENY" ptrace -- "$SIGMATRIX" doctor
	assert_failure 3
	assert_found refused tracing
	assert_output --partial "SYS_PTRACE"
}

@test "doctor says that namespaces are refused, and what to do" {
	unshare --user true 2>/dev/null || skip "no user namespaces here"
	run unshare --user --map-root-user sh -c '
		echo 0 >/proc/sys/user/max_pid_namespaces; exec "$@"' sh "$SIGMATRIX" doctor
	assert_failure 3
	assert_found refused "PID namespaces"
	assert_output --partial "unprivileged_userns_clone"
}

@test "doctor says that there is no place for scratch files, in escaped words" {
	TMPDIR=$(printf '/nonexistent\033[31m') run "$SIGMATRIX" doctor
	assert_failure 3
	assert_found refused "scratch files"
	assert_output --partial '/nonexistent\x1b[31m'
}

@test "doctor takes no words, and has colours only where they are welcome" {
	run "$SIGMATRIX" doctor all
	assert_failure 2
	run "$SIGMATRIX" doctor --color always
	assert_output --partial $'\033[32mok'
	run "$SIGMATRIX" doctor --color never
	refute_output --partial $'\033'
}
