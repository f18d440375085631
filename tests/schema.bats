#!/usr/bin/env bats
# docs/results.schema.json tells other programs what a results document is: what we write must fit it,
# and what does not fit must be refused by it.

bats_require_minimum_version 1.5.0
load fixtures/helper

# Debian's own Python, for which run.sh installs the library.
validate() {
	/usr/bin/python3 -W ignore -m jsonschema -i "$1" "$ROOT/docs/results.schema.json"
}

# breaks FILTER: the small document, changed by a jq filter, no longer fits.
breaks() {
	jq "$1" "$WORK/small.json" >"$WORK/broken.json"
	run validate "$WORK/broken.json"
	assert_failure
}

@test "the reference matrix fits the schema" {
	run validate "$ROOT/results/matrix.json"
	assert_success
}

@test "what is measured now fits the schema: outcomes, n/a, unknown, untraced" {
	# dash has no disown, which is n/a; its shell file says so, "odd" has none: unknown, status 3.
	run --separate-stderr sigmatrix run --quiet --case exec/simple-command --case hangup/disown \
		--shell dash --shell "odd=$(command -v dash)" --repeat 2 --format json
	assert_failure 3
	echo "$output" >"$WORK/small.json"
	assert_equal "$(jq -c '[.cells[].outcome] | unique' "$WORK/small.json")" \
		'["fork","n/a","unknown"]'
	run validate "$WORK/small.json"
	assert_success
	sigmatrix run --quiet --trace off --case exec/simple-command --shell dash --format json \
		>"$WORK/small.json"
	run validate "$WORK/small.json"
	assert_success
}

@test "the schema refuses what the manual page does not describe" {
	sigmatrix run --quiet --case exec/simple-command --shell dash --format json >"$WORK/small.json"
	run validate "$WORK/small.json"
	assert_success
	breaks 'del(.host)'
	breaks '.schema = 2'
	breaks '.host.date = "today"'
	breaks '.host.complete = "yes"'
	breaks 'del(.cells[0].runs)'
	breaks '.cells[0].runs = {}'
	breaks '.cells[0].runs.exec = 0'
	breaks '.cells[0].verdict = "fine"'
	breaks '.cells[0].outcome = "unknown" | .cells[0].verdict = "violates"'
	breaks '.cases[0].variants = []'
	breaks '.cases[0].name = "nogroup"'
	breaks '.shells[0].sha256 = "0"'
	breaks '.shells[0].kind = "actor"'
	breaks '.shells = {}'
}
