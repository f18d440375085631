#!/usr/bin/env bats
# The HTML report in a real browser: tests/browser/drive.mjs opens it, this says what it must pass.

bats_require_minimum_version 1.5.0
load fixtures/helper

GOLDEN=$ROOT/tests/golden

# The browser starts once for all checks of a page.
setup_file() {
	local pages=$BATS_FILE_TMPDIR
	for results in small hostile; do
		"$SIGMATRIX" report "$GOLDEN/$results.json" --format html --output "$pages/$results.html"
	done
	"$SIGMATRIX" report "$ROOT/results/matrix.json" --format html --output "$pages/matrix.html"
	sed 's|</main>|<a href="#nowhere">x</a><img src="data:,"><script>owned()</script>&|
		s|</td>||g; s|class="r rd rv|class="r rd|; s|✗ trapped</b>|✗ seized</b>|' \
		"$pages/small.html" >"$pages/liar.html"
	drive small "$GOLDEN/small.json" opens opens-without-script counts filters \
		filters-without-script cell cell-without-script cell-on-a-phone anchors keys search \
		dark phone accessible harmless
	drive hostile "$GOLDEN/hostile.json" opens opens-without-script anchors harmless accessible
	drive matrix "$ROOT/results/matrix.json" opens large
	drive liar "$GOLDEN/small.json" opens counts filters anchors accessible harmless
}

drive() {
	(cd "$ROOT/tests/browser" && timeout 1200 node drive.mjs "$BATS_FILE_TMPDIR/$1.html" "${@:2}") \
		>"$BATS_FILE_TMPDIR/$1.log" 2>&1 || true
}

# checked PAGE NAME...: the browser found nothing wrong.
checked() {
	for name in "${@:2}"; do
		grep -qx "ok $name" "$BATS_FILE_TMPDIR/$1.log" ||
			fail "$name: $(cat "$BATS_FILE_TMPDIR/$1.log")"
	done
}

# caught NAME...: the browser found the liar out.
caught() {
	for name; do
		grep -q "^not ok $name: " "$BATS_FILE_TMPDIR/liar.log" ||
			fail "$name: $(cat "$BATS_FILE_TMPDIR/liar.log")"
	done
}

@test "it opens with and without a script: no complaint, no request, a symbol and a word a cell" {
	checked small opens opens-without-script
}

@test "its evidence has the outcomes of the results" {
	checked small counts
}

@test "filters by verdict, group, differing shells and one shell's deviations, also without a script" {
	checked small filters filters-without-script
}

@test "a cell opens prose, scene, reason and picture, also without a script and on a phone" {
	checked small cell cell-without-script cell-on-a-phone
}

@test "links lead to what is there, and a link to a cell shows it" {
	checked small anchors
}

@test "keys: skip link, arrows, Enter, Escape" {
	checked small keys
}

@test "search" {
	checked small search
}

@test "light and dark; a phone scrolls nothing sideways but the matrix" {
	checked small dark phone
}

@test "axe finds nothing: light, dark, phone, everything open" {
	checked small accessible
}

@test "hostile results: nothing runs, nothing is loaded, nothing becomes an element" {
	checked hostile opens opens-without-script anchors harmless accessible
}

@test "the whole matrix opens, with every cell" {
	checked matrix opens large
	sed -n 's/^# /# /p' "$BATS_FILE_TMPDIR/matrix.log" >&3
}

@test "a page that is wrong is found out" {
	caught opens counts filters anchors accessible harmless
}
