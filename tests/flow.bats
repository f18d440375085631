#!/usr/bin/env bats
# Flow charts: what stands at the ends is what was measured, in every form.
# shellcheck disable=SC2016 # what is in single quotes is for jq and awk
# shellcheck disable=SC2030,SC2031 # SIGMATRIX is used in the test that sets it

bats_require_minimum_version 1.5.0
load fixtures/helper

GOLDEN=$ROOT/tests/golden
MATRIX=$ROOT/results/matrix.json
EVIL='x"]; click n1 href "javascript:1" `$$#quot;%%{init}%% end</text></svg><script>alert(1)</script>\l{{y}}|z &lt;'$'\e[31m\n\t'

# chart ARGS...: a chart of the small results and their guide.
chart() {
	sigmatrix flow --guide "$GOLDEN/guide" "$@"
}

# What a chart as data says of cells, "CASE VARIANT SHELL OUTCOME MEANING"; of n/a no meaning,
# since charts of several shells leave out the reason.
said() {
	jq -r '.. | objects | select(has("leaves")) | .leaves[] | .case as $case | .outcomes[] |
		. as $o | .cells[] | [$case, .variant, .shell, $o.outcome,
		if $o.outcome == "n/a" then "" else $o.meaning end] | join("\t")' "$1" |
		LC_ALL=C sort -u
}

# The same of all cells, from the results.
measured() {
	jq -r '(.cases | map({key: .name, value: (.outcomes | map({key: .label, value: .meaning}) |
		from_entries)}) | from_entries) as $meaning |
		["unknown", "timeout", "broken", "disputed", "unstable"] as $doubts |
		.cells[] | .outcome as $o | [.case, .variant, .shell, .outcome,
		if $o == "n/a" then "" elif $doubts | index($o) then .reason
		else $meaning[.case][$o] end] | join("\t")' "$1" | LC_ALL=C sort -u
}

# The large results are read once.
setup_file() {
	measured "$MATRIX" >"$BATS_FILE_TMPDIR/measured"
	came "$MATRIX" >"$BATS_FILE_TMPDIR/came"
}

# "CASE SHELL OUTCOME" of all cells.
came() {
	jq -r '.cells[] | [.case, .shell, .outcome] | join("\t")' "$1"
}

# once WHAT RESULTS
once() {
	if [[ $2 == "$MATRIX" ]]; then cat "$BATS_FILE_TMPDIR/$1"; else "$1" "$2"; fi
}

# disagreements CHART RESULTS: what the chart says and the results do not.
disagreements() {
	LC_ALL=C comm -23 <(said "$1") <(once measured "$2")
}

# holes CHART: leaves that do not have every shell of their branch in every variant, once.
holes() {
	jq -c '.. | objects | select(has("leaves")) | .shells as $shells | .leaves[] |
		select(([.outcomes[].cells[] | [.variant, .shell]] | sort) !=
			([.variants[] as $v | $shells[] | [$v, .]] | sort)) | .case' "$1"
}

# misplaced CHART RESULTS: shells that stand at another answer than what they came to.
misplaced() {
	once came "$2" >"$WORK/came"
	jq -r '.. | objects | select(.by?) | .by as $case | [.answers[].is[]] as $all | .answers[] |
		. as $a | .shells[] | [$case, ., (if ($a.is | length) > 0 then ($a.is | join(" "))
		else "not " + ($all | join(" ")) end)] | join("\t")' "$1" | sort -u |
		awk -F'\t' 'NR == FNR { came[$1, $2] = $3; next }
			{
				named = index(" " $3 " ", " " came[$1, $2] " ") > 0
				if (named == ($3 ~ /^not /))
					print $1, $2, came[$1, $2]
			}' "$WORK/came" - | sort -u
}

# words FILE: the words of a text, however its lines are broken.
words() {
	tr -s '[:space:]\240' '\n' <"$1" | grep -v '^-\?$' | LC_ALL=C sort
}

# svg_text FILE
svg_text() {
	xmllint --xpath '//*[local-name()="text"]/text()' "$1" | sed 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'
}

# mermaid_text FILE: its labels.
mermaid_text() {
	sed -nE 's/^  n[0-9]+[[(]"(.*)"[])]:::.*/\1/p; s/^  n[0-9]+ -->\|"(.*)"\| n.*/\1/p' "$1" |
		sed 's/<br\/>/\n/g; s/#160;/ /g; s/#quot;/"/g; s/#lt;/</g; s/#gt;/>/g; s/#59;/;/g
			s/#123;/{/g; s/#125;/}/g; s/#35;/#/g; s/#amp;/\&/g'
}

# not_mermaid FILE: lines that are none of what we write.
not_mermaid() {
	local text='([^"#`%{}$<>;\\~@]|#(quot|lt|gt|amp|[0-9]+);|<br/>)*'
	grep -vE "^(flowchart LR|  n[0-9]+(\(\"$text\"\)|\[\"$text\"\]):::[a-z]+|  n[0-9]+ -->\|\"$text\"\| n[0-9]+|  n[0-9]+ --> n[0-9]+|  click n[0-9]+ href \"[-A-Za-z0-9._~/:?#=&%+,@]*\"|  classDef [a-z]+ [a-z0-9:,# -]+)$" "$1"
}

@test "every leaf of the matrix's chart agrees with the cells it came from" {
	sigmatrix flow --format json >"$WORK/all.json"
	run disagreements "$WORK/all.json" "$MATRIX"
	assert_output ''
	run holes "$WORK/all.json"
	assert_output ''
	run misplaced "$WORK/all.json" "$MATRIX"
	assert_output ''
	assert [ "$(said "$WORK/all.json" | wc -l)" -gt 2000 ]
	# Every 'see' is there, and nothing is there twice.
	assert_equal "$(jq '[.. | objects | select(has("leaves")) |
		select(.answer | startswith("something else") | not) | .leaves[]] | length' "$WORK/all.json")" \
		"$(cat "$ROOT"/docs/flow/*.flow | grep -c '^ *see:')"
}

@test "so do the charts of single shells" {
	for shell in dash bash ksh fish; do
		sigmatrix flow --shell "$shell" --format json >"$WORK/$shell.json"
		run disagreements "$WORK/$shell.json" "$MATRIX"
		assert_output ''
		run holes "$WORK/$shell.json"
		assert_output ''
		run misplaced "$WORK/$shell.json" "$MATRIX"
		assert_output ''
		assert [ "$(said "$WORK/$shell.json" | wc -l)" -gt 100 ]
	done
}

@test "the checks above find a chart that lies" {
	chart "$GOLDEN/small.json" --format json >"$WORK/chart.json"
	run disagreements "$WORK/chart.json" "$GOLDEN/small.json"
	assert_output ''
	jq '(.. | objects | select(.outcome? == "both-die")).outcome = "goes-on"' "$WORK/chart.json" >"$WORK/liar.json"
	run disagreements "$WORK/liar.json" "$GOLDEN/small.json"
	assert_output --partial $'forwarding/ctrl-c-child-dies\t\tzsh\tgoes-on'
	jq '(.. | objects | select(.outcome? == "both-die")).cells |= .[1:]' "$WORK/chart.json" >"$WORK/liar.json"
	run holes "$WORK/liar.json"
	assert_line '"forwarding/ctrl-c-child-dies"'
	jq '(.. | objects | select(.answer? == "yes")).shells |= . + ["dash"]' "$WORK/chart.json" >"$WORK/liar.json"
	run misplaced "$WORK/liar.json" "$GOLDEN/small.json"
	assert_output 'exec/simple-command dash fork'
	jq '(.. | objects | select(.answer? // "" | startswith("something"))).shells |= . + ["zsh"]' \
		"$WORK/chart.json" >"$WORK/liar.json"
	run misplaced "$WORK/liar.json" "$GOLDEN/small.json"
	assert_output 'exec/simple-command zsh exec'
}

@test "a cell that changes changes its leaf, in every format" {
	jq -c '(.cells[] | select(.case == "forwarding/ctrl-c-child-dies" and .shell == "zsh")) |=
		(.outcome = "goes-on" | .runs = {"goes-on": 1})' "$GOLDEN/small.json" >"$WORK/other.json"
	for format in text svg dot mermaid json; do
		run chart "$GOLDEN/small.json" --format "$format"
		refute_output --partial 'goes-on'
		run chart "$WORK/other.json" --format "$format"
		assert_output --partial 'goes-on'
		assert_output --partial 'the command died, the script went on'
	done
	run chart "$WORK/other.json"
	assert_line --index 9 --regexp '^ *both-die: '
	assert_line --index 10 --regexp '^ *bash$'
	assert_line --index 12 --regexp '^ *goes-on: the command died, the script went on$'
	assert_line --index 13 --regexp '^ *zsh$'
}

@test "a shell that does otherwise takes another branch" {
	run chart "$GOLDEN/small.json" --shell dash --chart again
	assert_line --regexp '^ *- no$'
	refute_line --regexp '^ *- yes'
	jq -c '(.cells[] | select(.case == "exec/simple-command" and .shell == "dash")) |=
		(.outcome = "exec" | .runs = {"exec": 1})' "$GOLDEN/small.json" >"$WORK/other.json"
	run chart "$WORK/other.json" --shell dash --chart again
	assert_line --regexp '^ *- yes$'
	refute_line --regexp '^ *- no'
	run chart "$WORK/other.json" --chart again
	assert_line --regexp '^ *- yes: dash bash zsh$'
	# What no answer names, and what was not measured, is said to be that.
	for outcome in wrong-status n/a broken; do
		jq -c --arg o $outcome '(.cells[] | select(.case == "exec/simple-command" and .shell == "dash")) |=
			(.outcome = $o | .runs = {($o): 1} | .verdict = "" | .reason = "because")' \
			"$GOLDEN/small.json" >"$WORK/other.json"
		run chart "$WORK/other.json" --shell dash --chart again
		assert_line --regexp '^ *- something else, or not measured$'
		assert_line --regexp "^ *$outcome: "
	done
	jq -c '.cells |= map(select(.case != "exec/simple-command" or .shell != "dash"))' "$GOLDEN/small.json" >"$WORK/other.json"
	run chart "$WORK/other.json" --chart again
	assert_line --regexp '^ *- something else, or not measured: dash posh$'
	assert_line --regexp '^ *not played$'
}

@test "who got it is what the facts say" {
	to() {
		jq -c --argjson facts "$1" '.cells |= map(select(.case == "forwarding/group-child-exits" and
			.shell == "dash" and .variant == "INT") | .facts = $facts) |
			.cases |= map(select(.name == "forwarding/group-child-exits"))' \
			"$GOLDEN/small.json" >"$WORK/r.json"
		run chart "$WORK/r.json" --chart who --shell dash
	}
	to '{"job.got": ["INT from tty"], "shell.got": ["CHLD", "INT from tty", "INT from itself"]}'
	assert_output --partial 'it went from the terminal to job and shell'
	to '{"job.got": ["INT from shell"], "shell.got": ["INT from harness"]}'
	assert_output --partial 'it went from shell to job; from the sender to shell'
	to '{"job.got": [], "shell.got": ["INT from harness"]}'
	assert_output --partial 'it went from the sender to shell; not to job'
	to '{"job.got": ["INT"], "shell.got": ["TERM from harness", "INTX"]}'
	assert_output --partial 'it went to job; not to shell'
	to '{"job.got": ["TERM from tty"], "shell.got": ["INT from itself"]}'
	assert_output --partial 'it did not reach job or shell'
	to '{"job.process": "shell", "job.got": ["INT from harness"], "shell.got": ["INT from harness"]}'
	assert_output --partial 'it went from the sender to job (the process of shell)'
	refute_output --partial 'and shell'
	to '{"marks": []}'
	refute_output --regexp 'it (went|did)'
}

@test "all formats have the same text" {
	chart "$GOLDEN/small.json" >"$WORK/text"
	for format in svg dot mermaid; do
		chart "$GOLDEN/small.json" --format "$format" >"$WORK/$format"
	done
	svg_text "$WORK/svg" >"$WORK/svg.text"
	mermaid_text "$WORK/mermaid" >"$WORK/mermaid.text"
	# Mermaid has no title.
	sed 1d "$WORK/text" >"$WORK/body"
	run diff <(words "$WORK/text") <(words "$WORK/svg.text")
	assert_success
	run diff <(words "$WORK/body") <(words "$WORK/mermaid.text")
	assert_success
	assert [ "$(words "$WORK/text" | wc -l)" -gt 200 ]
	command -v dot >/dev/null || skip "no dot"
	dot -Tsvg "$WORK/dot" >"$WORK/dot.svg"
	svg_text "$WORK/dot.svg" | tr '\240' ' ' >"$WORK/dot.text"
	run diff <(words "$WORK/text") <(sed 's/\xc2\xa0/ /g; s/\xc2 / /g' "$WORK/dot.text" >"$WORK/d"; words "$WORK/d")
	assert_success
}

@test "svg: a document of its own, light and dark, that fetches and runs nothing" {
	sigmatrix flow --format svg >"$WORK/svg"
	xmllint --noout "$WORK/svg"
	run bash -c 'grep -oE "<[a-zA-Z!?]+" "$1" | sort -u | tr "\n" " "' _ "$WORK/svg"
	assert_output '<a <path <rect <style <svg <text '
	grep -q 'prefers-color-scheme:dark' "$WORK/svg"
	run grep -cE 'url\(|@import|xlink|on[a-z]+=' "$WORK/svg"
	assert_output 0
	run bash -c 'grep -oE "href=\"[^\"]*" "$1" | grep -vE "^href=\"matrix\.html#(case|cell)-[a-zA-Z0-9._-]+$"' _ "$WORK/svg"
	assert_output ''
	# Boxes do not overlap, and are as wide as their text.
	run awk -F'"' '/^<rect class="(qu|le)"/ { if ($4 > 0 && $6 < bottom) print; bottom = $6 + $10 }' "$WORK/svg"
	assert_output ''
}

@test "links lead to what is in the HTML report" {
	sigmatrix report "$GOLDEN/small.json" --format html --output "$WORK/matrix.html"
	for shells in '' '--shell dash'; do
		for format in svg dot mermaid; do
			# shellcheck disable=SC2086 # none or two words
			chart "$GOLDEN/small.json" $shells --format "$format" >"$WORK/chart"
			grep -oE 'matrix\.html#[A-Za-z0-9._-]+' "$WORK/chart" | cut -d'#' -f2 | sort -u >"$WORK/to"
			assert [ -s "$WORK/to" ]
			while read -r id; do
				grep -qF "id=\"$id\"" "$WORK/matrix.html" || fail "no #$id"
			done <"$WORK/to"
		done
	done
	grep -qx 'cell-forwarding.ctrl-c-child-dies..dash' "$WORK/to"
	run chart "$GOLDEN/small.json" --format svg --links ''
	refute_output --partial href
	run chart "$GOLDEN/small.json" --format svg --links 'https://x.example/a?b"><script>&c'
	assert_output --partial 'href="https://x.example/a?b%22%3E%3Cscript%3E&amp;c#case-'
}

@test "hostile results undo no format" {
	jq -c --arg evil "$EVIL" '(.shells[] | select(.name == "zsh")).name = $evil |
		(.cells[] | select(.shell == "zsh")).shell = $evil |
		(.cases[].outcomes[] | select(.label == "both-die")) |= (.label += $evil | .meaning += $evil) |
		(.cells[] | select(.outcome == "both-die")) |= (.outcome += $evil | .runs = {(.outcome): 1} |
		.facts = {($evil + ".got"): ["INT from " + $evil]})' "$GOLDEN/small.json" >"$WORK/evil.json"
	chart "$WORK/evil.json" >"$WORK/text"
	run bash -c 'LC_ALL=C tr -d "\n -~" <"$1" | wc -c' _ "$WORK/text"
	assert_output 0
	grep -qF 'javascript:1' "$WORK/text"
	chart "$WORK/evil.json" --format svg >"$WORK/svg"
	xmllint --noout "$WORK/svg"
	run bash -c 'grep -oE "<[a-zA-Z!?]+" "$1" | sort -u | tr "\n" " "' _ "$WORK/svg"
	assert_output '<a <path <rect <style <svg <text '
	run grep -cE 'href="j' "$WORK/svg"
	assert_output 0
	chart "$WORK/evil.json" --format mermaid >"$WORK/mermaid"
	run not_mermaid "$WORK/mermaid"
	assert_output ''
	chart "$WORK/evil.json" --format json | jq -e .chart
	chart "$WORK/evil.json" --format dot >"$WORK/dot"
	command -v dot >/dev/null || skip "no dot"
	dot -Tsvg "$WORK/dot" >"$WORK/dot.svg"
	run xmllint --xpath 'count(//*[local-name()="g" and @class="node"])' "$WORK/dot.svg"
	assert_output "$(grep -c '^  n[0-9]* \[' "$WORK/dot")"
	run grep -cE '<script|href="j' "$WORK/dot.svg"
	assert_output 0
}

@test "the check of Mermaid finds a label that gets out" {
	chart "$GOLDEN/small.json" --format mermaid >"$WORK/mermaid"
	run not_mermaid "$WORK/mermaid"
	assert_output ''
	for text in 'a" b' 'a`b' '%%{init}%%' 'x#y' '<b>'; do
		printf '  n1["%s"]:::leaf\n' "$text" >"$WORK/bad"
		run not_mermaid "$WORK/bad"
		assert_success
	done
}

@test "dot is read by Graphviz" {
	command -v dot >/dev/null || skip "no dot"
	for chart in ctrl-c signal container; do
		sigmatrix flow --chart $chart --format dot >"$WORK/dot"
		run dot -Tsvg "$WORK/dot" -o "$WORK/dot.svg"
		assert_success
		assert_output ''
		run grep -c 'xlink:href="matrix.html#case-' "$WORK/dot.svg"
		assert [ "$output" -gt 5 ]
	done
}

# flow LINE...: a chart in a guide of its own.
flow() {
	mkdir -p "$WORK/guide/flow" "$WORK/guide/topics" "$WORK/guide/claims"
	echo "# Glossary" >"$WORK/guide/glossary.md"
	printf '%s\n' "$@" >"$WORK/guide/flow/new.flow"
}

@test "lint: a chart's structure" {
	flow 'title: x' 'odrer: 1' 'ask: Which?' '   if: odd' '    if: one' '        sea: a/b' '    if: two' \
		'        see: a/b' '        ask: What?' '            by: a/b' '            if: x' \
		'                see: a/b' '    if: three' '        is: fork' '        signal: TREM' \
		'        see: a/b' '                see: deep' 'words'
	run sigmatrix lint "$WORK/guide/flow/new.flow"
	assert_equal "$status" 2
	assert_line --partial "new.flow:2: unknown key 'odrer'; did you mean 'order'?"
	assert_line --partial "new.flow:4: indent by 4 blanks"
	assert_line --partial "new.flow:6: unknown key 'sea'; did you mean 'see'?"
	assert_line --partial "new.flow:5: an answer leads to one question ('ask') or to cells ('see')"
	assert_line --partial "new.flow:7: an answer leads to one question"
	assert_line --partial "new.flow:11: 'is' is missing: the outcomes of a/b"
	assert_line --partial "new.flow:13: 'is' needs a case"
	assert_line --partial "new.flow:15: unknown signal 'TREM'"
	assert_line --partial "new.flow:17: 'see' is too deep here"
	assert_line --partial "new.flow:18: this is not 'key: value'"
	flow 'order: 1'
	run sigmatrix lint "$WORK/guide/flow/new.flow"
	assert_line --partial "'title' is missing"
	assert_line --partial "'ask' is missing"
	flow 'title: x' 'ask: Nothing?'
	run sigmatrix lint "$WORK/guide/flow/new.flow"
	assert_line --partial "a question needs answers"
	run sigmatrix flow --guide "$WORK/guide" "$GOLDEN/small.json"
	assert_equal "$status" 2
	assert_output --partial "new.flow:2: a question needs answers"
	# As deep as one likes is too deep.
	{
		echo 'title: x'
		awk 'BEGIN { for (i = 0; i < 60; i += 2) printf "%*sask: x\n%*sif: y\n", 4 * i, "", 4 * i + 4, "" }'
	} >"$WORK/guide/flow/new.flow"
	run sigmatrix lint "$WORK/guide/flow/new.flow"
	assert_equal "$status" 2
	assert_line --partial 'more than 16 levels'
}

@test "lint: a chart is held against the cases" {
	local flow=$WORK/tree/docs/flow/new.flow
	mkdir -p "$WORK/tree/build"
	cp "$BUILD/sigmatrix" "$WORK/tree/build/"
	cp -r "$ROOT/cases" "$ROOT/shells" "$ROOT/links" "$ROOT/docs" "$WORK/tree/"
	export SIGMATRIX=$WORK/tree/build/sigmatrix
	run sigmatrix lint
	assert_success
	printf '%s\n' 'title: x' 'ask: Which?' '    by: exec/killed-command' '    if: one' '        is: exec-kiled' \
		'        see: exec/simple-comand' '    if: two' '        is: fork-exited' \
		'        see: exec/killed-command TREM' '        see: exec/simple-command' >"$flow"
	run sigmatrix lint
	assert_equal "$status" 2
	assert_line --partial "new.flow:3: 'by' must name one variant of exec/killed-command"
	assert_line --partial "new.flow:4: unknown outcome 'exec-kiled'; did you mean 'exec-killed'?"
	assert_line --partial "new.flow:6: unknown case 'exec/simple-comand'; did you mean 'exec/simple-command'?"
	assert_line --partial "new.flow:9: no variant of exec/killed-command matches 'TREM'"
	assert_line --partial "new.flow:10: which signal?"
}

@test "usage" {
	run sigmatrix flow --help
	assert_success
	assert_line --regexp '^  container +I stop a container'
	run sigmatrix flow --chart contaner
	assert_failure 2
	assert_line --index 0 --partial "did you mean 'container'?"
	run sigmatrix flow --format svgg
	assert_failure 2
	assert_line --index 0 --partial "did you mean 'svg'"
	run sigmatrix flow --shell dahs "$GOLDEN/small.json"
	assert_failure 2
	run sigmatrix flow "$GOLDEN/small.json" "$GOLDEN/small.json"
	assert_failure 2
	run sigmatrix flow --guide "$WORK"
	assert_failure 2
	flow 'title: x'
	rm -r "$WORK/guide/flow"
	run sigmatrix flow --guide "$WORK/guide"
	assert_failure 2
	assert_output --partial 'there is no chart in'
	run sigmatrix flow --output "$WORK/nowhere/chart"
	assert_failure 3
	assert_output --partial 'unable to write'
	sigmatrix flow --chart ctrl-z --format svg --output "$WORK/chart.svg"
	xmllint --noout "$WORK/chart.svg"
	# shellcheck disable=SC2016 # for that shell
	run bash -c '"$1" flow --chart ctrl-z >/dev/full' _ "$SIGMATRIX"
	assert_failure 3
}
