#!/bin/sh
# Prints docs/story.md: the prose below, the files beside this one, and what sigmatrix says of them
# now. Wants tini, bash and /usr/bin/python3.
#   SIGMATRIX=build/sigmatrix examples/story/tell.sh >docs/story.md
set -eu
sigmatrix=$(realpath "${SIGMATRIX:-$(command -v sigmatrix)}")
cd "$(dirname "$0")"
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# Process IDs become 101, 102, ... in the order in which they are met; the version of Python and where
# this directory is are left out. tini waits for signals with a timeout of a second; now and then it is
# met between two waits, where they are just blocked. Nothing else of the output is touched.
normal() {
	awk -v here="$PWD/" '{
		sub(/TERM: blocked$/, "TERM: taken by sigwait")
		gsub(/python3\.[0-9]+/, "python3")
		while ((at = index($0, here)))
			$0 = substr($0, 1, at - 1) "./" substr($0, at + length(here))
		rest = $0
		line = ""
		while (match(rest, /(pid|group|session) [0-9]+/)) {
			split(substr(rest, RSTART, RLENGTH), word, " ")
			if (!(word[2] in number))
				number[word[2]] = 101 + count++
			line = line substr(rest, 1, RSTART - 1) word[1] " " number[word[2]]
			rest = substr(rest, RSTART + RLENGTH)
		}
		print line rest
	}'
}

# What a reader would type, and what comes of it.
play() {
	status=0
	# shellcheck disable=SC2016 # for Markdown
	printf '```\n$ sigmatrix chain --quiet --ready testing -- %s\n' "$*"
	"$sigmatrix" chain --quiet --ready testing -- "$@" >"$TMPDIR/out" || status=$?
	[ "$status" -le 1 ] || {
		cat "$TMPDIR/out" >&2
		exit "$status"
	}
	normal <"$TMPDIR/out"
	left=$(find "$TMPDIR" -mindepth 1 -maxdepth 1 -name 'test-runner.*' | wc -l)
	rm -rf "$TMPDIR"/test-runner.*
	# shellcheck disable=SC2016
	printf '```\n\nExit status %d; scratch directories of test runners that are left: %d.\n' \
		"$status" "$left"
}

show() {
	# shellcheck disable=SC2016
	printf '`%s`:\n\n```%s\n' "$1" "$2"
	cat "$1"
	# shellcheck disable=SC2016
	printf '```\n'
}

cat <<'TEXT'
# A cancelled job that runs on

<!-- Made by examples/story/tell.sh ('make story'); do not edit. -->

A job is cancelled: the CI's agent sends SIGTERM to the launcher of the step, and shows the job as ended. The tests run
on, hold their port and their database, and the next job fails. The chain is

    agent -> launcher -> init (tini) -> bash script -> test pipeline -> test runner

The test runner has a handler for SIGTERM: it removes its scratch directory and ends. So somebody above it loses the signal.
All programs of this page are in `examples/story/`; what is shown was run, and only process IDs were replaced.

TEXT
show run-tests sh
echo
show test-runner python
cat <<'TEXT'

## Where it breaks

`sigmatrix chain` starts the launcher, waits until the pipeline says that it is testing, and sends SIGTERM as the agent
would.

TEXT
play ./launcher-plain tini -s -- ./run-tests
cat <<'TEXT'

The launcher has no handler, so it dies, and it does so alone: nobody below it has heard of the signal. The init is innocent.

TEXT
show launcher-plain python
cat <<'TEXT'

## First mend: exec

A launcher that has nothing left to do afterwards need not stay. It becomes the init, which is now the process the agent knows.

TEXT
show launcher-exec sh
echo
play ./launcher-exec tini -s -- ./run-tests
cat <<'TEXT'

That link is mended: the init takes SIGTERM and passes it on. The chain breaks further down, where nobody had seen it before. tini
signals its child alone, which is bash; bash dies of it and leaves its pipeline behind.

## Second mend: an init that signals the whole group

With `-g`, tini signals the process group of its child, and the pipeline is in that group.

TEXT
play ./launcher-exec tini -s -g -- ./run-tests
cat <<'TEXT'

The chain is whole: the runner got SIGTERM, removed its scratch directory and ended with the status it chose.

The same break can be mended with exec, as in the launcher: the script becomes the test runner, and there is no shell in between.

TEXT
show run-tests-exec sh
echo
play ./launcher-exec tini -s -- ./run-tests-exec
cat <<'TEXT'

This time the runner's own status, 3, comes out at the top. tee needs no signal: its input ends.

## Third mend: a launcher that forwards

A launcher that has to stay, because it reports the result, hands the signal on and waits.

TEXT
show launcher-forward python
echo
play ./launcher-forward tini -s -g -- ./run-tests
cat <<'TEXT'

Forwarding mends the launcher's link and no other: before an init without `-g` it only moves the break down again, as exec did.

TEXT
play ./launcher-forward tini -s -- ./run-tests
cat <<'TEXT'

## In CI

The exit status is 0 when the chain is whole and 1 when it breaks, so a job can check that its own cancellation works:

    sigmatrix chain --profile ci --ready testing -- ./launcher-forward tini -s -g -- ./run-tests
TEXT
