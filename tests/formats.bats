#!/usr/bin/env bats
# The report formats: each well-formed, all with the same numbers, none undone by hostile text.

bats_require_minimum_version 1.5.0
load fixtures/helper

GOLDEN=$ROOT/tests/golden
MATRIX=$ROOT/results/matrix.json

report() {
	sigmatrix report "$GOLDEN/$1.json" --format "$2"
}

# By shell and mark, "dash conforms 7": what the results say themselves.
marks_of_results() {
	jq -r '.shells as $shells | .cells[] | . as $cell |
		select(any($shells[]; .name == $cell.shell and (has("missing") | not))) |
		.shell + " " + ({unknown: "unknown", timeout: "unknown", broken: "broken",
			disputed: "broken", unstable: "unstable", "n/a": "n/a"}[.outcome] //
			(if .verdict == "" then "unjudged" else .verdict end))' "$1" | tally
}

# By outcome, as a reader sees it.
outcomes_of_results() {
	jq -r '.cells[] | if .outcome == "unstable" then
		.runs | to_entries | sort_by(-.value) | map("\(.key) \(.value)") | join("/")
		else .outcome end' "$1" | tally
}

tally() {
	LC_ALL=C sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2 \1/'
}

# The marks' words, as the legend has them, to one word each.
short_marks() {
	sed 's/not judged/unjudged/; s/unknown or timeout/unknown/; s/broken or disputed/broken/
		s/unstable, with counts/unstable/'
}

@test "golden files: every format of the small and of the hostile results" {
	"$ROOT/tests/golden.sh" "$BUILD" "$WORK"
	for file in "$WORK"/*; do
		run diff -u "$GOLDEN/${file##*/}" "$file"
		assert_success
	done
	run ls "$WORK"
	assert_equal "${#lines[@]}" 32
}

@test "csv: as many lines as cells, and the numbers of the results" {
	report small csv >"$WORK/csv"
	run awk -F'","' 'NF != 12 { print NR ": " NF " values" }' "$WORK/csv"
	assert_output ''
	sed 1d "$WORK/csv" | awk -F'","' '{ print $3 " " $7 }' | short_marks | tally >"$WORK/marks"
	run diff "$WORK/marks" <(marks_of_results "$GOLDEN/small.json")
	assert_success
	sed 1d "$WORK/csv" | awk -F'","' '{ print $5 == "unstable" ? $10 : $5 }' | tally >"$WORK/outcomes"
	run diff "$WORK/outcomes" <(outcomes_of_results "$GOLDEN/small.json")
	assert_success
}

@test "csv: no value of hostile results begins a formula or ends its place" {
	report hostile csv >"$WORK/csv"
	run grep -cP '(^|,)"[=+\-@\t\r]' "$WORK/csv"
	assert_output 0
	run grep -c '[[:cntrl:]]' "$WORK/csv"
	assert_output 0
	# Every line is twelve quoted values, with quotes doubled.
	run grep -vcE '^("([^"]|"")*",){11}"([^"]|"")*"$' "$WORK/csv"
	assert_output 0
}

@test "ndjson: the lines make the document again" {
	for results in small hostile; do
		report "$results" ndjson >"$WORK/lines"
		jq -cS -s '{cases: map(select(.type == "case")), cells: map(select(.type == "cell")),
			host: map(select(.type == "host"))[0], schema: 1,
			shells: map(select(.type == "shell"))} |
			walk(if type == "object" then del(.type) else . end)' "$WORK/lines" >"$WORK/again"
		report "$results" json | jq -cS . >"$WORK/json"
		run diff "$WORK/again" "$WORK/json"
		assert_success
	done
}

@test "tap: plan, numbers, and only a violation fails without TODO" {
	report small tap >"$WORK/tap"
	run sed -n 1,2p "$WORK/tap"
	assert_output $'TAP version 14\n1..45'
	run grep -cE '^(not )?ok [0-9]+ - ' "$WORK/tap"
	assert_output 45
	run bash -c 'grep -E "^not ok" "$1" | grep -vc "# TODO"' _ "$WORK/tap"
	assert_output "$(jq '[.cells[] | select(.verdict == "violates")] | length' "$GOLDEN/small.json")"
	sed -nE 's/^(not )?ok [0-9]+ - [^ ]+( \[[^]]*\])? ([^ ]+): (.*) \(([^()]*)\)( #.*)?$/\3 \5/p' \
		"$WORK/tap" | grep -v 'not played' | short_marks | tally >"$WORK/marks"
	run diff "$WORK/marks" <(marks_of_results "$GOLDEN/small.json")
	assert_success
	sed -nE 's/^(not )?ok [0-9]+ - [^ ]+( \[[^]]*\])? ([^ ]+): (.*) \(([^()]*)\)( #.*)?$/\4/p' \
		"$WORK/tap" | grep -v 'not played' | tally >"$WORK/outcomes"
	run diff "$WORK/outcomes" <(outcomes_of_results "$GOLDEN/small.json")
	assert_success
}

@test "tap: hostile names make neither directives nor lines" {
	report hostile tap >"$WORK/tap"
	run grep -vE '^(TAP version 14|1\.\.6|# .*|(not )?ok [1-6] - .*|  (---|\.\.\.)|  [a-z]+: ".*")$' \
		"$WORK/tap"
	assert_output ''
	# A hash that is not ours has a backslash before it.
	run bash -c 'grep -E "^(not )?ok" "$1" | grep -vE "# (SKIP|TODO) " | grep -cE "[^\\\\]#"' _ "$WORK/tap"
	assert_output 0
}

@test "junit: valid, and the numbers of the results" {
	for results in small hostile; do
		report "$results" junit >"$WORK/$results.xml"
		run xmllint --noout --relaxng "$ROOT/tests/fixtures/junit.rng" "$WORK/$results.xml"
		assert_success
	done
	for suite in dash bash zsh fish posh; do
		for pair in tests:testcase failures:testcase/failure errors:testcase/error \
			skipped:testcase/skipped; do
			run xmllint --xpath "//testsuite[@name='$suite']/@${pair%%:*} =
				count(//testsuite[@name='$suite']/${pair#*:})" "$WORK/small.xml"
			assert_output true
		done
	done
	sed -nE 's/.*classname="([^".]*)\..*<system-out>.* \(([^()]*)\)<.*/\1 \2/p' "$WORK/small.xml" |
		grep -v 'not played' | short_marks | tally >"$WORK/marks"
	run diff "$WORK/marks" <(marks_of_results "$GOLDEN/small.json")
	assert_success
	sed -nE 's/.*<system-out>(.*) \(([^()]*)\)<.*/\1/p' "$WORK/small.xml" | grep -v 'not played' |
		tally >"$WORK/outcomes"
	run diff "$WORK/outcomes" <(outcomes_of_results "$GOLDEN/small.json")
	assert_success
}

@test "junit: the schema refuses what is none" {
	report small junit >"$WORK/good.xml"
	sed 's/tests="9"/tests="many"/' "$WORK/good.xml" >"$WORK/count.xml"
	sed 's/<system-out>/<stdout>/; s/<\/system-out>/<\/stdout>/' "$WORK/good.xml" >"$WORK/element.xml"
	for liar in count element; do
		run xmllint --noout --relaxng "$ROOT/tests/fixtures/junit.rng" "$WORK/$liar.xml"
		assert_failure
	done
}

@test "man: mandoc finds nothing wrong, whatever the results say" {
	for results in small hostile; do
		report "$results" man >"$WORK/page.7"
		run mandoc -T lint -W warning "$WORK/page.7"
		assert_success
		assert_output ''
		run grep -cE '^\.(Sh|SH) X' "$WORK/page.7"
		assert_output 0
		run env LC_ALL=C grep -c '[^ -~]' "$WORK/page.7"
		assert_output 0
	done
}

# The sentence of a shell, "7 of 7 required behaviours; 0 deviations; ...", from its results.
sentence() {
	marks_of_results "$GOLDEN/small.json" | awk -v shell="$1" '
		$1 == shell { n[$2] = $3 }
		END { printf "%d of %d required behaviours; %d deviations; %d permitted; %d n/a",
			n["conforms"], n["conforms"] + n["violates"], n["violates"], n["permitted"],
			n["n/a"] }'
}

@test "conformance, man, markdown, summary and term have the numbers of the results, too" {
	for format in conformance man markdown summary html; do
		report small "$format" | tr '\n' ' ' >"$WORK/text"
		for shell in bash zsh posh; do
			[ $format = summary ] && [ $shell = bash ] && continue # without deviations
			run grep -cF "$(sentence $shell)" "$WORK/text"
			assert_output 1
		done
	done
	local row='^\| \[?SHELL(\]\(#shell-SHELL\))? \|( [0-9]+ \|)+$'
	for format in markdown summary; do
		for shell in dash zsh posh; do
			report small "$format" | grep -E "${row//SHELL/$shell}" |
				grep -oE '[0-9]+ \|' | tr -cd '0-9\n' | paste -sd' ' >"$WORK/$shell.$format"
			run cat "$WORK/$shell.$format"
			assert_output "$(marks_of_results "$GOLDEN/small.json" | awk -v shell=$shell '
				$1 == shell { n[$2] = $3 }
				END { print n["conforms"] + 0, n["permitted"] + 0, n["violates"] + 0,
					n["unjudged"] + 0, n["unknown"] + 0, n["broken"] + 0,
					n["unstable"] + 0, n["n/a"] + 0, shell == "posh" ? 1 : 0 }')"
		done
	done
	report small term >"$WORK/term"
	for shell in dash zsh; do
		run grep -cE "^  $shell +$(marks_of_results "$GOLDEN/small.json" | awk -v shell=$shell '
			$1 == shell { n[$2] = $3 }
			END { print n["conforms"] + 0 " conforms +" n["permitted"] + 0 " permitted +" \
				n["violates"] + 0 " violates" }')" "$WORK/term"
		assert_output 1
	done
}

@test "html: the table of shells has the numbers of the results" {
	report small html >"$WORK/html"
	for shell in dash zsh fish posh; do
		run bash -c 'grep -E "^<tr><th scope=\"row\"><a href=\"#shell-$1\"" "$2" |
			grep -oE "<td class=\"num\">[0-9]+" | sed "s/.*>//" | paste -sd" "' _ $shell "$WORK/html"
		assert_output "$(marks_of_results "$GOLDEN/small.json" | awk -v shell=$shell '
			$1 == shell { n[$2] = $3 }
			END { print n["conforms"] + 0, n["permitted"] + 0, n["violates"] + 0,
				n["unjudged"] + 0, n["unknown"] + 0, n["broken"] + 0, n["unstable"] + 0,
				n["n/a"] + 0, shell == "posh" ? 1 : 0 }')"
	done
}

@test "the whole matrix: counts agree, a summary fits GitHub's 1 MiB, a page 10 MB" {
	local cells
	cells=$(jq '.cells | length' "$MATRIX")
	for format in csv tap junit summary html; do
		sigmatrix report "$MATRIX" --format "$format" --output "$WORK/m.$format"
	done
	assert_equal "$(wc -l <"$WORK/m.csv")" $((cells + 1))
	assert_equal "$(sed -n 2p "$WORK/m.tap")" "1..$cells"
	assert_equal "$(grep -c '<testcase ' "$WORK/m.junit")" "$cells"
	assert_equal "$(grep -o '<span id="cell-' "$WORK/m.html" | wc -l)" "$cells"
	assert [ "$(stat -c %s "$WORK/m.summary")" -lt 1048576 ]
	assert [ "$(stat -c %s "$WORK/m.html")" -lt 10000000 ]
}

@test "every report of the whole matrix is made within 100 MiB" {
	for format in html book csv markdown; do
		run bash -c 'ulimit -v 102400; exec "$@"' _ "$SIGMATRIX" report "$MATRIX" --format $format \
			--output "$WORK/m.$format"
		assert_success
	done
}

@test "results are read the same whatever their layout, and a line that is out of order is found" {
	sigmatrix report "$MATRIX" --format json >"$WORK/lines"
	jq -c . "$WORK/lines" >"$WORK/one-line"
	sigmatrix report "$WORK/one-line" --format json | cmp - "$WORK/lines"
	# A list of the same layout, but not the document's.
	{
		printf '%s\n' '{"other":{"x":[' 0
		sed -n '/^],"cells":\[$/,/^],"host":$/p' "$GOLDEN/small.json"
		echo '0},"cases":[],"cells":[],"host":'
		jq -c .host "$GOLDEN/small.json"
		echo ',"schema":1,"shells":[]}'
	} >"$WORK/nested"
	jq -e '.cells == []' "$WORK/nested"
	run sigmatrix report "$WORK/nested" --format json
	assert_success
	assert_equal "$(jq '.cells | length' <<<"$output")" 0
	sigmatrix report "$GOLDEN/small.json" --format json >"$WORK/good"
	local line
	line=$(grep -n '^],"cells":\[$' "$WORK/good" | cut -d: -f1)
	sed "$((line + 2))s/,\$//" "$WORK/good" >"$WORK/comma"
	sed "$((line + 2))s/\"shell\":\"[^\"]*\"/\"shell\":\"nobody\"/" "$WORK/good" >"$WORK/shell"
	sed "$((line + 2))s/\"outcome\":/\"outcome\":0,&/" "$WORK/good" >"$WORK/twice"
	run sigmatrix report "$WORK/comma"
	assert_equal "$status" 2
	assert_output --partial "comma:$((line + 3)): column"
	run sigmatrix report "$WORK/shell"
	assert_equal "$status" 2
	assert_output --partial 'cells[1]: names the shell "nobody"'
	run sigmatrix report "$WORK/twice"
	assert_equal "$status" 2
	assert_output --partial "twice:$((line + 2)): column"
}

@test "a summary stays below 1 MiB whatever the matrix, and says what it left out" {
	jq -c '.cases |= map(.name += ("x" * 20000)) | .cells |= map(.case += ("x" * 20000) |
		if .shell == "zsh" then .outcome += ("y" * 300000) else . end)' "$GOLDEN/small.json" >"$WORK/big.json"
	sigmatrix report "$WORK/big.json" --format summary >"$WORK/summary"
	assert [ "$(stat -c %s "$WORK/summary")" -lt 1048576 ]
	run tail -1 "$WORK/summary"
	assert_output --regexp '^Left out, because it would not fit: [0-9]+ rows'
	assert_output --partial 'format markdown'
}
