#!/usr/bin/env bats
# docs/story.md: what it shows is what happens.

bats_require_minimum_version 1.5.0
load fixtures/helper

setup() {
	use_own_tmpdir
	command -v tini >/dev/null || skip "no tini here: './run.sh --install-only --for-tests' installs it"
	[[ -x /usr/bin/python3 ]] || skip "no /usr/bin/python3 here"
}

tell() {
	SIGMATRIX=$BUILD/sigmatrix timeout 300 "$1/tell.sh"
}

# Whoever the story started has our TMPDIR, or one below it.
assert_story_over() {
	run bash -c 'grep -lszF "TMPDIR=$1" /proc/[0-9]*/environ | while read -r environ; do
		readlink "${environ%environ}exe"; done | grep -E "/(tini|python3[^/]*|tee)$"' _ "$TMPDIR"
	assert_output ''
	assert_tmpdir_empty
}

@test "the story is what comes out today" {
	tell "$ROOT/examples/story" >"$WORK/story.md"
	run diff -u "$ROOT/docs/story.md" "$WORK/story.md"
	assert_success
	assert_story_over
}

@test "each mend is shown to work, and each break to be one" {
	run grep -c '^verdict: chain is whole$' "$ROOT/docs/story.md"
	assert_output 3
	run grep -c '^verdict: breaks at hop' "$ROOT/docs/story.md"
	assert_output 3
	run bash -c 'grep -c "^Exit status 0; .* left: 0\.$" "$1"' _ "$ROOT/docs/story.md"
	assert_output 3
	run bash -c 'grep -c "^Exit status 1; .* left: 1\.$" "$1"' _ "$ROOT/docs/story.md"
	assert_output 3
}

@test "a launcher that does not forward any more makes another story" {
	cp -r "$ROOT/examples/story" "$WORK/story"
	cp "$WORK/story/launcher-plain" "$WORK/story/launcher-forward"
	tell "$WORK/story" >"$WORK/story.md"
	run diff -u "$ROOT/docs/story.md" "$WORK/story.md"
	assert_failure
	assert_output --partial '+verdict: breaks at hop 1'
	assert_output --partial '-verdict: chain is whole'
}
