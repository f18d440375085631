#!/usr/bin/env bats
# The book: pages made of results, topics, claims and a glossary. Pages are read as GitHub reads them, by
# cmark-gfm.
# shellcheck disable=SC2030,SC2031 # SIGMATRIX is used in the test that sets it
# shellcheck disable=SC2012 # names without blanks

bats_require_minimum_version 1.5.0
load fixtures/helper

GOLDEN=$ROOT/tests/golden
MATRIX=$ROOT/results/matrix.json

setup_file() {
	for results in "$GOLDEN/small.json" "$GOLDEN/hostile.json" "$MATRIX"; do
		local book=$BATS_FILE_TMPDIR/${results##*/}
		"$SIGMATRIX" report "$results" --format book --output "${book%.json}"
	done
	for book in small hostile matrix; do
		render "$BATS_FILE_TMPDIR/$book" "$BATS_FILE_TMPDIR/$book.html"
	done
}

# render BOOK DIRECTORY: its pages as HTML, raw HTML let through.
render() {
	(cd "$1" && find . -name '*.md' -printf '%P\n') | while read -r page; do
		mkdir -p "$2/$(dirname "$page")"
		cmark-gfm --unsafe -e table -e autolink -e strikethrough -e footnotes "$1/$page" \
			>"$2/${page%.md}.html"
	done
	(cd "$1" && find . -name '*.svg' -printf '%P\n') | while read -r picture; do
		mkdir -p "$2/$(dirname "$picture")"
		cp "$1/$picture" "$2/$picture"
	done
}

setup() {
	use_own_tmpdir
	BOOK=$BATS_FILE_TMPDIR/matrix
}

# broken_links HTML-DIRECTORY: links that lead nowhere, "PAGE LINK".
broken_links() {
	(
		cd "$1" || exit
		grep -roE '<a id="[^"]*"' . --include='*.html' | sed 's|^\./||; s|:<a id="| |; s|"$||' >"$WORK/ids"
		grep -roE 'href="[^"]*"' . --include='*.html' | sed 's|^\./||; s|:href="| |; s|"$||' |
			awk -v ids="$WORK/ids" '
			BEGIN { while ((getline line <ids) > 0) known[line] = 1 }
			{
				split($2, part, "#")
				n = split($1, at, "/")
				m = split(part[1], to, "/")
				depth = n - 1
				path = ""
				for (i = 1; i <= m; i++) {
					if (to[i] == "..") { depth--; continue }
					path = path (path == "" ? "" : "/") to[i]
				}
				base = ""
				for (i = 1; i <= depth; i++)
					base = base at[i] "/"
				page = part[1] == "" ? $1 : base path
				sub(/\.md$/, ".html", page)
				if ($2 !~ /^[a-z0-9_.\/#A-Z-]*$/ || depth < 0)
					print $1, $2
				else if (part[2] != "" && !((page " " part[2]) in known))
					print $1, $2
				else
					print $1, $2, page >"/dev/fd/3"
			}' 3>"$WORK/targets"
		cut -d' ' -f3 "$WORK/targets" | sort -u | while read -r page; do
			[[ -f $page ]] || echo "$page"
		done
	)
}

# claim BOOK NAME: what the claims page says of it.
claim() {
	sed -n "/^<a id=\"$2\">/,/^<a id=/p" "$1/claims.md" | sed -n 's/^\*\*\(.*\)\*\*$/\1/p'
}

# measured FILTER [GUIDE]: writes a book of the results that the jq filter makes of the small ones.
measured() {
	jq -c "$1" "$WORK/base.json" >"$WORK/r.json"
	sigmatrix report "$WORK/r.json" --format book --output "$WORK/book" --guide "$WORK/guide"
}

# guide FILE TEXT: a small guide, with that file in it.
guide() {
	mkdir -p "$WORK/guide/topics" "$WORK/guide/claims"
	echo '# Glossary' >"$WORK/guide/glossary.md"
	printf 'title: All\ncases: *\n\nProse.\n' >"$WORK/guide/topics/all.topic"
	printf '%s\n' "${@:2}" >"$WORK/guide/$1"
}

@test "a page for each case, shell and topic, and all are in the contents" {
	assert_equal "$(find "$BOOK/cases" -name '*.md' | wc -l)" "$(jq '.cases | length' "$MATRIX")"
	assert_equal "$(find "$BOOK/shells" -name '*.md' | wc -l)" \
		"$(jq '[.shells[] | select(has("missing") | not)] | length' "$MATRIX")"
	assert_equal "$(find "$BOOK/topics" -name '*.md' | wc -l)" "$(find "$ROOT/docs/topics" -name '*.topic' | wc -l)"
	run diff <(cd "$BOOK" && find . -name '*.md' ! -name SUMMARY.md -printf '%P\n' | sort) \
		<(grep -oE '\]\([^)]*\)' "$BOOK/SUMMARY.md" | tr -d '()]' | sort)
	assert_success
	[ -f "$BOOK/cases/exec/simple-command.md" ]
	[ -f "$BOOK/shells/dash.md" ]
	[ -f "$BOOK/topics/ctrl-c.md" ]
}

@test "every link leads somewhere" {
	for book in small hostile matrix; do
		run broken_links "$BATS_FILE_TMPDIR/$book.html"
		assert_output ''
		assert [ "$(wc -l <"$WORK/targets")" -gt 20 ]
	done
}

@test "the check of links finds a missing page, a missing anchor, and a link to elsewhere" {
	cp -r "$BATS_FILE_TMPDIR/small.html" "$WORK/liar"
	{
		echo '<a href="nowhere.md">x</a> <a href="claims.md#nowhere">x</a>'
		echo '<a href="http://x.example/">x</a> <a href="../README.md">x</a>'
	} >>"$WORK/liar/README.html"
	run broken_links "$WORK/liar"
	assert_output "README.html claims.md#nowhere
README.html http://x.example/
README.html ../README.md
nowhere.html"
}

@test "the pages of cases have the outcomes of the results" {
	grep -rE '^\| \[.*shells/.*\.md\)' "$BOOK/cases" --include='*.md' |
		sed -E 's/^.*\/([^/]*\/[^/]*)\.md:\| \[([^]]*)\]\([^)]*\) \|/\1 \2 |/' >"$WORK/lines"
	# With a column of variants or without.
	awk -F' \\| ?' 'NF == 5 || NF == 6 { print $1 " " $(NF - 3) }' "$WORK/lines" |
		sort -u >"$WORK/pages"
	jq -r '.cells[] | "\(.case) \(.shell) \(if .outcome == "unstable" then
		.runs | to_entries | sort_by(-.value) | map("\(.key) \(.value)") | join("/")
		else .outcome end)"' "$MATRIX" | sort -u >"$WORK/results"
	run diff "$WORK/pages" "$WORK/results"
	assert_success
	assert [ "$(wc -l <"$WORK/pages")" -gt 5000 ]
}

@test "the page of a shell sums up as the conformance report does, and lists its peculiarities" {
	for shell in dash ksh zsh fish; do
		run sigmatrix report "$MATRIX" --format conformance --shell "$shell"
		grep -qF "In short: ${lines[1]}." "$BOOK/shells/$shell.md"
	done
	# Both of the family of their own alone, so that "alone" is about this shell.
	for shell in ksh fish; do
		sed -n '/^## Pecul/,/^## /p' "$BOOK/shells/$shell.md" |
			sed -nE 's/^- \[([^]]*)\]\([^)]*\)( \\\[(.*)\\\])?: .*/\1 \3/p' |
			sed 's/\\//g' | sort >"$WORK/page"
		sigmatrix report "$MATRIX" --format csv --where "alone=$shell" | sed 1d |
			awk -F'","' -v shell="$shell" '$3 == shell { print substr($1, 2) " " $2 }' |
			sort >"$WORK/alone"
		run diff "$WORK/page" "$WORK/alone"
		assert_success
		assert [ -s "$WORK/page" ]
	done
}

@test "flow charts: a page of all shells and one of each, with pictures and the same as a list" {
	assert_equal "$(find "$BOOK/flow" -name '*.md' | wc -l)" \
		"$(jq '[.shells[] | select(has("missing") | not)] | length' "$MATRIX")"
	local charts
	charts=$(find "$ROOT/docs/flow" -name '*.flow' | wc -l)
	for page in "$BOOK/flow.md" "$BOOK/flow/bash.md"; do
		assert_equal "$(grep -c '^\[!\[' "$page")" "$charts"
		assert [ "$(grep -c '](.*cases/.*\.md)' "$page")" -gt 60 ]
	done
	xmllint --noout "$BOOK"/flow/*.svg "$BOOK"/flow/bash/*.svg
	# The list of one shell says what its chart says.
	sigmatrix flow "$MATRIX" --shell bash --format json |
		jq -r '.. | objects | select(has("leaves")) | .leaves[].outcomes[] |
			if .meaning == "" then .outcome else .outcome + ": " + .meaning end' | sort >"$WORK/chart"
	sed -nE 's/^ *- \*\*([^*]*[^*?])\*\*$/\1/p' "$BOOK/flow/bash.md" |
		sed 's/\\\([^x]\)/\1/g; s/&#64;/@/g' | sort >"$WORK/page"
	assert [ "$(wc -l <"$WORK/page")" -gt 60 ]
	run bash -c 'comm -23 "$1" "$2" | head -5' _ "$WORK/page" "$WORK/chart"
	assert_output ''
	grep -q '(../flow/bash.md)' "$BOOK/shells/bash.md"
	# A guide without charts makes a book without these pages.
	guide claims/c.claim 'claim: x' 'source: x' 'expect: case=exec/simple-command outcome=fork'
	sigmatrix report "$GOLDEN/small.json" --format book --output "$WORK/book" --guide "$WORK/guide"
	[ ! -e "$WORK/book/flow.md" ]
	run grep -r 'flow' "$WORK/book" --include='*.md' -l
	assert_output ''
}

@test "at least thirty claims, each with its source, and what decides them was measured" {
	assert [ "$(grep -c '^<a id=' "$BOOK/claims.md")" -ge 30 ]
	assert_equal "$(find "$ROOT/docs/claims" -name '*.claim' | wc -l)" "$(grep -c '^<a id=' "$BOOK/claims.md")"
	run grep -L '^source: ' "$ROOT"/docs/claims/*.claim
	assert_output ''
	# The first number or the second; where the first column is no link the results lack the case.
	run awk -F' \\| ' '/^\| \[[^]]*\]\(cases/ { n++; if ($3 + $4 == 0) print }
		END { if (n < 20) print n }' "$BOOK/claims.md"
	assert_output ''
	run "$SIGMATRIX" lint
	assert_success
}

@test "a claim is what the results say, and turns when they do" {
	jq -c '.cells |= map(select(.case == "exec/simple-command"))' "$GOLDEN/small.json" >"$WORK/base.json"
	guide claims/c.claim 'claim: dash forks' 'source: x' \
		'expect: case=exec/simple-command shell=dash|bash outcome=fork'
	to() {
		echo ".cells |= map(if .shell | test(\"^($1)\$\") then .outcome = \"$2\" | .runs = {\"$2\": 1} else . end)"
	}
	measured "$(to 'dash|bash' fork)"
	assert_equal "$(claim "$WORK/book" c)" confirmed
	measured "$(to dash fork) | $(to bash exec)"
	assert_equal "$(claim "$WORK/book" c)" partly
	grep -qx -- '- true of: \[dash\](shells/dash.md)' "$WORK/book/claims.md"
	grep -qx -- '- not true of: \[bash\](shells/bash.md)' "$WORK/book/claims.md"
	grep -q ' | 1 | 1 | 0 | \[bash\](shells/bash.md): exec |$' "$WORK/book/claims.md"
	measured "$(to 'dash|bash' exec)"
	assert_equal "$(claim "$WORK/book" c)" refuted
	# Neither for nor against.
	for doubt in unknown broken disputed timeout n/a unstable; do
		measured "$(to dash fork) | $(to bash $doubt)"
		assert_equal "$(claim "$WORK/book" c)" confirmed
		measured "$(to 'dash|bash' $doubt)"
		assert_equal "$(claim "$WORK/book" c)" 'not measured'
	done
	measured '.cells = []'
	assert_equal "$(claim "$WORK/book" c)" 'not measured'
	measured '.cases = [] | .cells = []'
	assert_equal "$(claim "$WORK/book" c)" 'not measured'
	# What is said of others than dash, and that they differ.
	guide claims/c.claim 'claim: x' 'source: x' \
		'expect: case=exec/simple-command shell!=dash|f* outcome!=fork'
	measured "$(to '.*' exec) | $(to 'dash|fish' fork)"
	assert_equal "$(claim "$WORK/book" c)" confirmed
	measured "$(to '.*' fork)"
	assert_equal "$(claim "$WORK/book" c)" refuted
	guide claims/c.claim 'claim: x' 'source: x' 'differ: case=exec/simple-command shell=dash|bash'
	measured "$(to '.*' exec)"
	assert_equal "$(claim "$WORK/book" c)" refuted
	measured "$(to '.*' exec) | $(to dash fork)"
	assert_equal "$(claim "$WORK/book" c)" confirmed
	measured "$(to '.*' exec) | $(to dash n/a)"
	assert_equal "$(claim "$WORK/book" c)" 'not measured'
}

@test "a claim that was true until a version: told by the source, held against the version measured" {
	jq -c '.cells |= map(select(.case == "exec/simple-command"))' "$GOLDEN/small.json" >"$WORK/base.json"
	guide claims/c.claim 'claim: bash and dash fork' 'source: x' \
		'expect: case=exec/simple-command shell=dash|bash outcome=fork' \
		'until: bash 5.1 bash NEWS: "no | longer"'
	to() {
		echo ".cells |= map(if .shell | test(\"^($1)\$\") then .outcome = \"$2\" | .runs = {\"$2\": 1} else . end)"
	}
	version() {
		echo ".shells |= map(if .name == \"$1\" then .version = \"$2\" else . end)"
	}
	until_line() {
		grep -o 'until bash 5.1, says .*' "$WORK/book/claims.md"
	}
	# dash does so, or nobody says since when it does not.
	measured "$(to dash fork) | $(to bash exec) | $(version bash '5.2.15(1)-release')"
	assert_equal "$(claim "$WORK/book" c)" partly
	assert_equal "$(until_line)" 'until bash 5.1, says bash NEWS: "no \| longer": as measured here, with 5.2.15(1)-release'
	measured "$(to 'dash|bash' exec) | $(version bash 5.2)"
	assert_equal "$(claim "$WORK/book" c)" refuted
	measured "$(to dash n/a) | $(to bash exec) | $(version bash 5.2)"
	assert_equal "$(claim "$WORK/book" c)" 'was true until bash 5.1'
	grep -q '| was true until bash 5.1 | 0 | 1 |$' "$WORK/book/claims.md"
	# Numbers, not text; the version itself; one that is older; one that tells no number.
	for version in 5.10 5.1 'Version 93u+m/5.1.4' R59; do
		measured "$(to dash n/a) | $(to bash exec) | $(version bash "$version")"
		assert_equal "$(claim "$WORK/book" c)" 'was true until bash 5.1'
	done
	for version in 5.0.18 4.10 unknown; do
		measured "$(to dash n/a) | $(to bash exec) | $(version bash "$version")"
		assert_equal "$(claim "$WORK/book" c)" refuted
		[[ $(until_line) == *': **not as measured here**, with '"$version" ]]
	done
	# An old version that does so, and a new one that still does.
	measured "$(to dash n/a) | $(to bash fork) | $(version bash 5.0)"
	assert_equal "$(claim "$WORK/book" c)" confirmed
	[[ $(until_line) == *': as measured here, with 5.0' ]]
	measured "$(to dash n/a) | $(to bash fork) | $(version bash 5.2)"
	assert_equal "$(claim "$WORK/book" c)" confirmed
	[[ $(until_line) == *': **not as measured here**, with 5.2' ]]
	measured "$(to 'dash|bash' n/a)"
	assert_equal "$(claim "$WORK/book" c)" 'not measured'
	[[ $(until_line) == *': not measured here' ]]
}

@test "claims that were true until a version: no source of ours is contradicted by the results" {
	assert [ "$(grep -c '^\*\*was true until ' "$BOOK/claims.md")" -ge 8 ]
	assert_equal "$(grep -c '^- until .*: as measured here, with ' "$BOOK/claims.md")" \
		"$(cat "$ROOT"/docs/claims/*.claim | grep -c '^until:')"
}

@test "lint: topics and claims are held against cases and shells" {
	mkdir -p "$WORK/tree/build"
	cp "$BUILD/sigmatrix" "$WORK/tree/build/"
	cp -r "$ROOT/cases" "$ROOT/shells" "$ROOT/links" "$ROOT/docs" "$WORK/tree/"
	SIGMATRIX=$WORK/tree/build/sigmatrix
	run sigmatrix lint
	assert_success
	local claim=$WORK/tree/docs/claims/new.claim topic=$WORK/tree/docs/topics/new.topic
	printf '%s\n' 'claim: x' 'source: x' 'expect: case=exec/simple-comand outcome=fork' \
		'expect: case=exec/simple-command outcome=frok shell=dsh*' \
		'expect: case=exec/killed-command variant=TREM outcome=fork' >"$claim"
	run sigmatrix lint
	assert_equal "$status" 2
	assert_line --partial "new.claim:3: unknown case 'exec/simple-comand'; did you mean 'exec/simple-command'?"
	assert_line --partial "new.claim:4: unknown outcome 'frok'; did you mean 'fork'?"
	assert_line --partial "new.claim:4: no shell is called 'dsh*'"
	assert_line --partial "new.claim:5: unknown variant 'TREM'"
	printf '%s\n' 'claim: x' 'expect: shell=dash' 'expct: x' 'differ: case=exec/simple-command outcome=fork' \
		'expect: case=exec/simple-command outcome' 'expect: case!=a/b outcome=x outcome=y' >"$claim"
	run sigmatrix lint "$claim"
	assert_equal "$status" 2
	assert_line --partial "new.claim:2: name the case: case=GROUP/NAME"
	assert_line --partial "new.claim:2: name the outcome: outcome=LABEL"
	assert_line --partial "new.claim:3: unknown key 'expct'; did you mean 'expect'?"
	assert_line --partial "new.claim:4: 'differ' compares outcomes and takes none"
	assert_line --partial "new.claim:5: 'outcome' is not NAME=VALUE"
	assert_line --partial "new.claim:6: a claim is about one case"
	assert_line --partial "new.claim:6: 'outcome' is there twice"
	assert_line --partial "new.claim: 'source' is missing"
	printf '%s\n' 'claim: x' 'source: x' 'expect: case=exec/simple-command shell=dash outcome=fork' \
		'until: dash 0.5' 'until: dash x.5 source' 'until: bash 5 source' 'until: dash 1 s' \
		'until: dash 2 s' 'until: Dash 5.0a s' >"$claim"
	run sigmatrix lint "$claim"
	assert_equal "$status" 2
	assert_line --partial "new.claim:4: 'until' is SHELL VERSION SOURCE"
	assert_line --partial "new.claim:5: 'x.5' is no version, for example 4.4"
	assert_line --partial "new.claim:6: no 'expect' is about bash"
	assert_line --partial "new.claim:8: there is an 'until' of dash already"
	assert_line --partial "new.claim:9: 'Dash' is no shell's name"
	assert_line --partial "new.claim:9: '5.0a' is no version"
	printf '%s\n' 'claim: x' 'source: x' 'expect: case=exec/simple-command outcome=fork' \
		'until: nosuch 5 source' >"$claim"
	run sigmatrix lint
	assert_line --partial "new.claim:4: no shell is called 'nosuch'"
	rm "$claim"
	printf 'title: x\ncases: nosuch/*\n\nx\n' >"$topic"
	run sigmatrix lint
	assert_line --partial "new.topic: no case matches 'nosuch/*'"
	printf 'cases: exec\norder: x\n' >"$topic"
	run sigmatrix lint "$topic"
	assert_line --partial "new.topic: 'title' is missing"
	assert_line --partial "new.topic: there is no prose"
	assert_line --partial "order 'x' must be a number"
	rm "$topic"
	mkdir "$WORK/tree/cases/elsewhere"
	cp "$ROOT/cases/exec/simple-command.case" "$WORK/tree/cases/elsewhere/"
	run sigmatrix lint # one file is all a new case takes
	assert_success
}

@test "hostile names: no tag, link, template, or file name but ours" {
	local html=$BATS_FILE_TMPDIR/hostile.html book=$BATS_FILE_TMPDIR/hostile
	run bash -c 'grep -rhoE "<[a-zA-Z/!?][^ >]*" --include="*.html" "$1" | sort -u' _ "$html"
	local allowed='^</?(a|br|code|em|img|h1|h2|li|p|pre|strong|table|tbody|td|th|thead|tr|ul)$'
	for tag in "${lines[@]}"; do
		[[ $tag =~ $allowed ]] || fail "there is a tag $tag"
	done
	# Nothing but our own attributes.
	run bash -c 'grep -rhoE "<[a-zA-Z][^>]* [a-z]+=" --include="*.html" "$1" | grep -vE "^<(a (id|href)|t[dh] align|img src=.* alt)=$"' _ "$html"
	assert_output ''
	run grep -rhE '[{}]' "$book" --include='*.md'
	assert_output ''
	run bash -c 'cd "$1" && find . | grep -vE "^\.(/([a-z0-9_-]+|README|SUMMARY)(\.md|\.svg)?|/\.sigmatrix-book)*$"' _ "$book"
	assert_output ''
	# No control character, no override of the direction.
	run bash -c 'cat "$1"/*.md "$1"/*/*.md "$1"/*/*/*.md | LC_ALL=C tr -d "\n -~\200-\377" | wc -c' _ "$book"
	assert_output 0
	run grep -rlP '[\x{202a}-\x{202e}\x{2066}-\x{2069}\x{200b}-\x{200f}]' "$book"
	assert_output ''
	# But the text is there to be read.
	grep -rqF 'document.title' "$html"
}

@test "hostile names: long, empty and dotted ones stay in the directory, and apart" {
	jq -c '.cases |= [.[0] | .name = ("../" * 3 + "etc/passwd"), (.name = "."), (.name = "x/.."),
		(.name = "X/y"), (.name = "x/y"), (.name = "/" + "l" * 3000), (.name = "/" + "l" * 3001),
		(.name = "README/SUMMARY"), (.name = "_/x") | .variants = [""]] |
		.cases |= sort_by(.name) | .cells = []' "$GOLDEN/small.json" >"$WORK/odd.json"
	sigmatrix report "$WORK/odd.json" --format book --output "$WORK/inside/book" && return 1
	mkdir "$WORK/inside"
	sigmatrix report "$WORK/odd.json" --format book --output "$WORK/inside/book"
	assert_equal "$(ls "$WORK/inside")" book
	assert_equal "$(find "$WORK/inside/book/cases" -name '*.md' | tr '[:upper:]' '[:lower:]' | sort -u | wc -l)" 9
	render "$WORK/inside/book" "$WORK/html"
	run broken_links "$WORK/html"
	assert_output ''
}

@test "a book replaces a book, and nothing else" {
	local book=$WORK/book
	sigmatrix report "$GOLDEN/small.json" --format book --output "$book/"
	[ -f "$book/cases/exec/simple-command.md" ]
	run sigmatrix report "$GOLDEN/small.json" --case forwarding --format book --output "$book"
	assert_success
	[ ! -e "$book/cases/exec" ]
	assert_equal "$(ls -A "$WORK")" book
	# Somebody's notes.
	echo mine >"$book/cases/notes.md"
	run sigmatrix report "$GOLDEN/small.json" --format book --output "$book"
	assert_equal "$status" 3
	assert_output --partial "$book has a file that is not ours, cases/notes.md"
	[ ! -e "$book/cases/exec" ]
	rm "$book/cases/notes.md"
	ln -sf /etc/passwd "$book/README.md"
	run sigmatrix report "$GOLDEN/small.json" --format book --output "$book"
	assert_output --partial "not ours, README.md"
	rm "$book/README.md"
	sigmatrix report "$GOLDEN/small.json" --format book --output "$book"
	[ -e "$book/cases/exec" ]
	mkdir "$WORK/other" "$WORK/empty"
	echo mine >"$WORK/other/README.md"
	run sigmatrix report "$GOLDEN/small.json" --format book --output "$WORK/other"
	assert_equal "$status" 3
	assert_output --partial 'is there already and no book of ours'
	assert_equal "$(cat "$WORK/other/README.md")" mine
	sigmatrix report "$GOLDEN/small.json" --format book --output "$WORK/empty"
	[ -f "$WORK/empty/README.md" ]
	ln -s book "$WORK/link"
	touch "$WORK/file"
	for taken in link file; do
		run sigmatrix report "$GOLDEN/small.json" --format book --output "$WORK/$taken"
		assert_equal "$status" 3
		assert_output --partial 'is there already and no directory'
	done
	run sigmatrix report "$GOLDEN/small.json" --format book --output "$WORK/nowhere/book"
	assert_equal "$status" 3
	assert_output --partial 'unable to make a directory beside'
	assert_equal "$(ls -A "$WORK" | sort | tr '\n' ' ')" 'book empty file link other '
}

@test "a page that cannot be written leaves the old book" {
	local book=$WORK/book
	sigmatrix report "$GOLDEN/small.json" --case traps --format book --output "$book"
	cp -r "$book" "$WORK/before"
	run bash -c 'ulimit -f 8; trap "" XFSZ; exec "$@"' _ "$SIGMATRIX" report "$MATRIX" --format book \
		--output "$book"
	assert_equal "$status" 3
	assert_output --partial "unable to write $book: File too large"
	run diff -r "$book" "$WORK/before"
	assert_success
	assert_equal "$(ls "$WORK" | tr '\n' ' ')" 'before book '
}

@test "a book is asked for with a directory, of 'report', and with a guide in order" {
	run sigmatrix report "$GOLDEN/small.json" --format book
	assert_equal "$status" 2
	assert_output --partial 'name it with --output'
	run sigmatrix run --format book
	assert_equal "$status" 2
	assert_output --partial "make it with 'sigmatrix report'"
	guide claims/c.claim 'claim: x'
	run sigmatrix report "$GOLDEN/small.json" --format book --guide "$WORK/guide" --output "$WORK/book"
	assert_equal "$status" 2
	assert_output --partial "c.claim: 'source' is missing"
	[ ! -e "$WORK/book" ]
	run sigmatrix report "$GOLDEN/small.json" --format book --guide "$WORK/nowhere" --output "$WORK/book"
	assert_equal "$status" 2
	assert_output --partial 'nowhere/glossary.md: unable to read'
}

@test "a case of a new group is in the book, though no topic has it" {
	jq '(.cases[] | select(.name == "exec/and-first")) |= (.name = "zzz/and-first" | .group = "zzz") |
		(.cells[] | select(.case == "exec/and-first")).case = "zzz/and-first" |
		.cases |= sort_by(.name)' "$MATRIX" >"$WORK/new.json"
	sigmatrix report "$WORK/new.json" --format book --output "$WORK/book"
	run sed -n '/^## Of no topic/,$p' "$WORK/book/topics.md"
	assert_line "- [zzz/and-first](cases/zzz/and-first.md)"
	[ "$(grep -c '^- ' <<<"$output")" -eq 1 ]
}
