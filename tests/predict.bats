#!/usr/bin/env bats
# sigmatrix predict: what it says, what it rests on, and that real chains do it.
# shellcheck disable=SC2154 # run --separate-stderr makes $stderr

bats_require_minimum_version 1.5.0
load fixtures/helper

setup() {
	use_own_tmpdir
}

predict() {
	run --separate-stderr sigmatrix predict "$@"
}

@test "each statement names its cell, and the verdict is chain's" {
	predict 'tini | bash script | job'
	assert_equal "$status" 1
	assert_line --partial '(links/signal-alone TERM tini: passed)'
	assert_line --partial '(forwarding/script-alone-fatal TERM bash: at-once)'
	assert_line --partial 'verdict: breaks at hop 2: bash script died of TERM and left job behind'
	predict 'tini -g | bash script | job'
	assert_equal "$status" 0
	assert_line 'verdict: chain is whole'
	predict 'env | bash exec | job'
	assert_equal "$status" 0
	assert_line --partial '(exec/script-explicit-exec bash: exec)'
}

@test "the same as JSON" {
	predict --format json 'tini | bash script | job'
	assert_equal "$status" 1
	jq -e '.verdict == "broken" and .breaks_at == 2 and .cause == "left-orphan" and .survivors == [3]
		and (.hops | length) == 3 and .hops[1].from == 1 and .hops[1].did.died == "TERM"
		and .stages[1].statements[0].text != ""
		and ([.stages[].statements[].cell | objects | .case] | index("links/stays"))' <<<"$output"
}

@test "where the session's leader dies of the key at once, HUP may come first" {
	predict --signal QUIT --to tty 'dash script | job'
	assert_equal "$status" 0
	assert_line --partial '= gets it; dies of QUIT or HUP'
	predict --signal QUIT --to tty --format json 'dash script | job'
	jq -e '.hops[0].or == null and .hops[1].did.died == "QUIT" and .hops[1].or.died == "HUP"' <<<"$output"
	predict --signal QUIT --to tty 'dash script | nohup | job' # HUP is ignored
	assert_line --partial '= gets it; dies of QUIT'
	refute_line --partial 'or HUP'
	predict --signal QUIT --to tty 'dash script | time | job' # which lives on to see job's end
	assert_equal "$status" 3
	assert_line --partial 'which is first is a race'
	predict --signal INT --to tty 'dash script | job' # dies when its command has
	refute_line --partial 'or HUP'
}

@test "another outcome in the results is another prediction" {
	jq '.cells |= map(if .case == "links/signal-alone" and .variant == "TERM" and .shell == "tini"
		then .outcome = "passed-group" else . end)' "$ROOT/results/links.json" >"$WORK/l.json"
	predict --links-results "$WORK/l.json" 'tini | bash script | job'
	assert_equal "$status" 0
	jq '.cells |= map(if .case == "forwarding/script-alone-fatal" and .variant == "TERM" and
		.shell == "bash" then .outcome = "survives" else . end)' "$ROOT/results/matrix.json" \
		>"$WORK/m.json"
	predict --results "$WORK/m.json" 'tini | bash script | job'
	assert_line --partial 'verdict: breaks at hop 2: bash script'
	refute_line --partial 'died of TERM'
}

@test "a cell that is missing or in doubt is named, and nothing is predicted" {
	predict --signal QUIT 'bash wait | job'
	assert_equal "$status" 3
	assert_line 'no prediction: pid1/background-wait QUIT,leader bash has not been measured'
	jq '.cells |= map(if .case == "links/stays" and .shell == "tini"
		then .outcome = "disputed" | .reason = "two \u001b[31mstories" else . end)' \
		"$ROOT/results/links.json" >"$WORK/l.json"
	predict --links-results "$WORK/l.json" 'tini | job'
	assert_equal "$status" 3
	assert_line 'no prediction: links/stays member tini is disputed: two \x1b[31mstories'
	predict --links-results "$WORK/l.json" --format json 'tini | job'
	assert_equal "$status" 3
	jq -e '.verdict == "unknown" and (.hops | not)' <<<"$output"
}

@test "mistakes in a chain are told with what is near" {
	predict 'tin | job'
	assert_equal "$status" 2
	[[ $stderr == *"did you mean 'tini'?"* ]]
	predict 'bash | job'
	assert_equal "$status" 2
	[[ $stderr == *"needs one form"* ]]
	predict 'tini | bash script'
	assert_equal "$status" 2
	predict 'job | tini'
	assert_equal "$status" 2
	predict 'tini || job'
	assert_equal "$status" 2
	predict $'ti\e[31mni | job'
	assert_equal "$status" 2
	[[ $stderr == *'ti\x1b[31mni'* && $stderr != *$'\e'* ]]
	predict --signal KILL 'tini | job'
	assert_equal "$status" 2
	predict --links-results "$ROOT/results/matrix.json" 'tini | job'
	assert_equal "$status" 2
}

@test "real chains do what was predicted" {
	run "$ROOT/tests/predict/compare.py" "$BUILD" --list "$ROOT/tests/predict/small.txt"
	assert_success
	assert_output --regexp '^([0-9]+) of \1 chains that were compared agree'
}

@test "the comparison fails where a prediction is wrong" {
	jq '.cells |= map(if .case == "links/signal-alone" and .variant == "TERM" and .shell == "xargs"
		then .outcome = "passed" else . end)' "$ROOT/results/links.json" >"$WORK/l.json"
	echo 'TERM root xargs | job' >"$WORK/one.txt"
	run "$ROOT/tests/predict/compare.py" "$BUILD" --list "$WORK/one.txt" \
		--links-results "$WORK/l.json"
	assert_equal "$status" 1
	assert_line 'disagrees: TERM root xargs | job'
}
