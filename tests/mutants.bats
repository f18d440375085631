#!/usr/bin/env bats
# Healthy shells that a library makes break one duty (mutants/): the suite must see each of these, and
# see nothing where the library does nothing, or the rest would prove nothing.
# shellcheck disable=SC2030,SC2031 # status is the test's own

bats_require_minimum_version 1.5.0
load fixtures/helper

RUN=$BATS_TEST_DIRNAME/mutants/run.sh

# play_mutants MUTANT... -- CASE...: on dash and bash; the table comes to $output, tabs as blanks.
play_mutants() {
	local mutants=() options=()
	while [[ $1 != -- ]]; do
		mutants+=("$1")
		shift
	done
	shift
	for name; do
		options+=(--case "$name")
	done
	MUTANTS=${mutants[*]} SHELLS='dash bash' BUILD=$BUILD OUT=$WORK/out FACTOR=1 \
		run --separate-stderr timeout --foreground 300 "$RUN" "${options[@]}"
	assert_success
	output=${output//$'\t'/ }
}

# assert_seen MUTANT SHELL CASE: at least one cell of that case differs, and the library had a hand in it.
assert_seen() {
	assert_output --regexp "(^|"$'\n'")$1 $2 [1-9][0-9]* [0-9]+ [1-9][0-9]* [^"$'\n'"]*$3"
}

@test "faults of groups, terminal, dispositions, sending, statuses and text are seen" {
	play_mutants no-setpgid tty-never-taken-back leak-tstp suicide-as-exit signal-as-exit \
		async-waited -- groups/interactive-foreground terminal/back-after-exit \
		inheritance/interactive-foreground statuses/self-kill forwarding/ctrl-c-child-dies \
		async/not-waited
	for shell in dash bash; do
		assert_seen no-setpgid $shell groups/interactive-foreground
		assert_seen tty-never-taken-back $shell terminal/back-after-exit
		assert_seen leak-tstp $shell inheritance/interactive-foreground
		assert_seen suicide-as-exit $shell statuses/self-kill
		assert_seen async-waited $shell async/not-waited
	done
	# dash goes by the SIGINT it got itself, not by how its child died.
	assert_seen signal-as-exit bash forwarding/ctrl-c-child-dies
	# The library that does nothing is played beside them.
	assert_output --partial 'none dash 0 0 0 n/a'
	assert_output --partial 'none bash 0 0 0 n/a'
	assert_nothing_left
}

@test "a mutant that never had a hand in it is told from one that was not seen" {
	# dash never calls tcsetattr; both call setpgid, in a case that does not look at groups.
	play_mutants modes-not-restored no-setpgid -- statuses/exit-number terminal/modes-after-exit
	assert_output --partial 'modes-not-restored dash 0 0 0 n/a: never takes that path'
	play_mutants parent-setpgid-missing -- interactive/ctrl-c-at-prompt jobs/done-status
	assert_output --regexp 'parent-setpgid-missing dash 0 0 [1-9][0-9]* not detected'
	assert_nothing_left
}

@test "programs other than the shell are left alone, and unknown mutants refused" {
	run env LD_PRELOAD="$BUILD/mutant.so" SIGMATRIX_MUTANT=shell_exits_zero \
		SIGMATRIX_MUTANT_OF="$(readlink -f "$(command -v dash)")" dash -c 'exit 3'
	assert_success
	run env LD_PRELOAD="$BUILD/mutant.so" SIGMATRIX_MUTANT=shell_exits_zero \
		SIGMATRIX_MUTANT_OF="$(readlink -f "$(command -v dash)")" bash -c 'exit 3'
	assert_failure 3
	run env LD_PRELOAD="$BUILD/mutant.so" SIGMATRIX_MUTANT=nonsense \
		SIGMATRIX_MUTANT_OF="$(readlink -f "$(command -v dash)")" dash -c 'exit 3'
	assert_failure 125
	assert_output --partial "no mutant is called 'nonsense'"
	run env MUTANTS=nonsense "$RUN"
	assert_failure 2
	assert_output --partial "no mutant or group is called 'nonsense'"
}

@test "every mutant is in docs/mutants.md" {
	run "$RUN" --list
	assert_success
	while IFS=$'\t' read -r mutant _; do
		grep -qF "\`$mutant\`" "$ROOT/docs/mutants.md" || fail "docs/mutants.md has no $mutant"
	done <<<"$output"
}

@test "what is broken in a source are whole statements and conditions that do something" {
	cat >"$WORK/jobs.c" <<'C'
int declared = 1;
	int declared = 1;
	setpgid(0, pgrp);
	ps->pid = pid;
	two(lines,
		here);
	outstr("printed", out1);
	ckfree(jp);
	return 1;
	if (pid == 0)
		count++;
	} else if (!jp) {
	if (two &&
		lines)
C
	run awk -f "$ROOT/tests/mutants/faults.awk" "$WORK/jobs.c"
	assert_success
	assert_output "$(printf '%s\t%s\t%s\n' \
		3 delete '	setpgid(0, pgrp);' \
		4 delete '	ps->pid = pid;' \
		10 negate '	if (pid == 0)' \
		11 delete '		count++;' \
		12 negate '	} else if (!jp) {')"
}

@test "a source that does not build is told, and nothing is played" {
	mkdir -p "$WORK/source/src"
	run env SOURCE="$WORK/source" OUT="$WORK/out" "$ROOT/tests/mutants/source.sh"
	assert_failure 1
	assert_output --partial "dash does not build; $WORK/out/make.log says why"
}
