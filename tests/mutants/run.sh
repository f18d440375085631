#!/bin/sh
# Plays the suite on healthy shells that lie (mutant.h), one duty broken at a time, and prints which
# cases saw it. Called by 'make mutants'.
set -eu
cd "$(dirname "$0")/../.."

usage() {
	cat <<'HELP'
Usage: tests/mutants/run.sh [OPTION OF sigmatrix run...]
       tests/mutants/run.sh --list          the mutants: name, group, the duty and how it is broken
       tests/mutants/run.sh --table DIR     the table of an earlier run, again
       tests/mutants/run.sh --never-differ DIR RESULTS.json
                                            cases that came to the same on all mutants and shells

Plays all cases but the storms on every mutant of every shell, and beside them on the healthy shell; prints for each
how many cells differ from the healthy shell's, and in which cases. From the environment:

  MUTANTS='no-setpgid leak-tstp'   these mutants, or groups of them (default: all)
  SHELLS='bash dash zsh mksh'      these shells
  BUILD=build                      where sigmatrix, actor and mutant.so are
  OUT=build/mutants                what was measured is kept here
  RESUME=yes                       what is there already is not played again
  QUICK=yes                        only the groups of cases that are about the mutant's duty
  FACTOR=0.2                       how much of its time a cell gets, since liars hang often

Examples:
  MUTANTS=terminal SHELLS=dash tests/mutants/run.sh --case 'terminal/*' --jobs 2
  nice -n 10 tests/mutants/run.sh --jobs 4
HELP
}

build=${BUILD:-build}
out=${OUT:-$build/mutants}
shells=${SHELLS:-bash dash zsh mksh}
here=tests/mutants
# shellcheck source=tests/mutants/common.sh
. "$here/common.sh"

list() {
	sed -n 's/^MUTANT(\([a-z0-9_]*\), \([a-z]*\), "\(.*\)")$/\1\t\2\t\3/p' "$here/mutants.h" |
		awk -F '\t' -v OFS='\t' '{ gsub("_", "-", $1); print }'
}

# Those of the words given that are mutants, and the mutants of those that are groups.
chosen() {
	for word; do
		found=$(list | awk -F '\t' -v w="$word" '$1 == w || $2 == w { print $1 }')
		if [ -z "$found" ]; then
			echo "run.sh: no mutant or group is called '$word'; see $0 --list" >&2
			return 2
		fi
		echo "$found"
	done
}

# shell_file MUTANT SHELL: the file of a shell that lies.
shell_file() {
	file=$(readlink -f "$(command -v "$(sed -n 's/^program:[[:blank:]]*//p' "shells/$2.shell")")")
	name=$(echo "$1" | tr - _)
	count=$counts/$1.$2
	kept "$out/cells/$1.tsv" || printf '\0\0\0\0' >"$count"
	cat >"$tree/shells/$2-$1.shell" <<SHELL
like:     $2
title:    $2, lying: $1
order:    90
env:      LD_PRELOAD=$tree/mutant.so
env:      SIGMATRIX_MUTANT=$name
env:      SIGMATRIX_MUTANT_OF=$file
env:      SIGMATRIX_MUTANT_COUNT=$count
SHELL
}

# play RESULTS OPTION...: plays and keeps what came of it.
play() {
	results=$1
	shift
	cells "$@" >"$results.new"
	mv "$results.new" "$results"
}

prepare() {
	counts=$out/counts
	rm -rf "$tree"
	make_tree
	mkdir -p "$counts"
	cp "$build/mutant.so" "$tree/"
	for mutant in none $mutants; do
		for shell in $shells; do
			shell_file "$mutant" "$shell"
		done
	done
}

# names MUTANT...: the options for the healthy shells and these.
names() {
	for shell in $shells; do
		printf ' --shell %s' "$shell"
		for name; do
			printf ' --shell %s-%s' "$shell" "$name"
		done
	done
}

kept() {
	[ -n "${RESUME:-}" ] && [ -f "$1" ]
}

# Several mutants share the plays of the healthy shell.
play_batch() {
	# shellcheck disable=SC2046,SC2086  # words
	play "$out/batch.tsv" $(names $batch) "$@"
	for mutant in $batch; do
		awk -F '\t' -v mutant="$mutant" -v shells="$shells" '
			BEGIN {
				n = split(shells, shell, " ")
				for (i = 1; i <= n; i++)
					wanted[shell[i]] = wanted[shell[i] "-" mutant] = 1
			}
			$2 in wanted' "$out/batch.tsv" >"$out/cells/$mutant.tsv"
	done
	rm "$out/batch.tsv"
	echo "run.sh: played$batch" >&2
	batch=
}

# cases_about GROUP: the options for the groups of cases that are about this group of mutants.
cases_about() {
	case $1 in
	groups) about='groups terminal jobs exec async' ;;
	terminal) about='terminal jobs interactive groups' ;;
	dispositions) about='inheritance interactive signals* trap-*' ;;
	masks) about='inheritance wait*' ;;
	sending) about='hangup jobs interactive kill* self*' ;;
	waiting) about='async jobs hangup terminal wait* deferred' ;;
	statuses) about='statuses jobs' ;;
	exec) about='exec entrypoint-*' ;;
	pipes) about='pipes inheritance/descriptor*' ;;
	async) about='async jobs' ;;
	text) about='traps async exec' ;;
	esac
	# shellcheck disable=SC2086  # words; a * in them is for sigmatrix
	set -f && printf ' --case %s' $about && set +f
}

# play_group GROUP OPTION...: the mutants of one group, some at a time.
play_group() {
	group=$1
	shift
	batch=
	for mutant in $(list | awk -F '\t' -v g="$group" '$2 == g { print $1 }'); do
		echo "$mutants" | grep -qx "$mutant" || continue
		kept "$out/cells/$mutant.tsv" || batch="$batch $mutant"
		[ "$(echo "$batch" | wc -w)" -lt 8 ] || play_batch "$@"
	done
	[ -z "$batch" ] || play_batch "$@"
}

measure() {
	mkdir -p "$out"
	if [ -n "${MUTANTS:-}" ]; then
		# shellcheck disable=SC2086  # words
		mutants=$(chosen $MUTANTS)
	else
		mutants=$(list | cut -f 1)
	fi
	prepare
	case "${QUICK:+--case} $* " in
	*'--case '*) ;;
	*) set -- "$@" --case "$calm" ;;
	esac
	set -- "$@" --trace auto
	# What is not the same in three plays of the healthy shell cannot tell anything.
	if ! kept "$out/healthy.tsv"; then
		# shellcheck disable=SC2046  # words
		play "$out/healthy.tsv" $(names none) --repeat 3 "$@"
	fi
	for group in $(list | cut -f 2 | uniq); do
		# shellcheck disable=SC2046  # words
		set -f && play_group "$group" $([ -z "${QUICK:-}" ] || cases_about "$group") "$@"
	done
	for mutant in none $mutants; do
		table "$mutant"
	done
}

# How often a mutant has intervened in all.
interventions() {
	od -An -tu4 "$out/counts/$1.$2" 2>/dev/null | tr -d ' '
}

# A line of the table for each shell: mutant, shell, how many cells differ, how many of them are
# doubts, interventions, cases.
table() {
	for shell in $shells; do
		cells=$out/cells/$1.tsv
		[ "$1" != none ] || cells=$out/healthy.tsv
		[ -f "$cells" ] || continue
		awk -F '\t' -v OFS='\t' -v mutant="$1" -v shell="$shell" -v doubts="$doubts" \
			-v count="$(interventions "$1" "$shell")" -f "$here/differ.awk" \
			"$out/healthy.tsv" "$cells"
	done
}

# Cases whose every variant came to one outcome on all shells of RESULTS and all mutants.
never_differ() {
	jq -r ".cells[] | select(.outcome != \"n/a\") | $cell" "$2" |
		cat - "$1"/cells/*.tsv | awk -F '\t' -v doubts="$doubts" '
		$3 ~ "^(n/a|" doubts ")$" { next }
		!($1 in first) { first[$1] = $3; next }
		first[$1] != $3 { differs[$1] = 1 }
		END {
			for (cell in first) {
				name = cell
				sub(":.*", "", name)
				all[name] = 1
				if (cell in differs)
					some[name] = 1
			}
			for (name in all)
				if (!(name in some))
					print name
		}' | LC_ALL=C sort
}

case ${1:-} in
--help | -h) usage ;;
--list) list ;;
--table)
	out=${2:-$out}
	for mutant in none $(list | cut -f 1); do
		table "$mutant"
	done
	;;
--never-differ) never_differ "$2" "$3" ;;
*) measure "$@" ;;
esac
