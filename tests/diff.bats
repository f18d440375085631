#!/usr/bin/env bats
# sigmatrix diff: every kind of change is told by its cell, and the exit status is what CI needs.
# shellcheck disable=SC2154 # run --separate-stderr makes $stderr

bats_require_minimum_version 1.5.0
load fixtures/helper

setup() {
	use_own_tmpdir
	cd "$WORK" || return
	cat >old.json <<-'EOF'
		{"cases":[
		{"group":"g","name":"g/a","outcomes":[{"label":"good","meaning":"","verdict":"conforms"},{"label":"so","meaning":"","verdict":"permitted"},{"label":"thus","meaning":"","verdict":"permitted"},{"label":"bad","meaning":"","verdict":"violates"}],"prose":"","spec":"","title":"a","variants":["INT","TERM"]}
		],"cells":[
		{"case":"g/a","outcome":"good","reason":"because","runs":{"good":1},"shell":"one","variant":"INT","verdict":"conforms"},
		{"case":"g/a","outcome":"so","reason":"of this","runs":{"so":1},"shell":"two","variant":"INT","verdict":"permitted"},
		{"case":"g/a","outcome":"bad","reason":"alas","runs":{"bad":1},"shell":"one","variant":"TERM","verdict":"violates"},
		{"case":"g/a","outcome":"unstable","reason":"races","runs":{"so":2,"thus":3},"shell":"two","variant":"TERM","verdict":""}
		],"host":{"command":"x","complete":true,"date":"2026-01-01T00:00:00Z","isolation":"pid namespace","kernel":"6","machine":"x86_64","system":"s","trace":"ptrace","user":"root"},"schema":1,"shells":[
		{"family":"f","file":"/one","name":"one","sha256":"1","title":"One","version":"1.0"},
		{"family":"g","file":"/two","name":"two","sha256":"2","title":"Two","version":"2.0"}
		]}
	EOF
}

# change FILTER: new.json is old.json, changed; and the difference is printed.
change() {
	jq -c "$1" old.json >new.json
	shift
	run --separate-stderr "$SIGMATRIX" diff old.json new.json "$@"
}

# The cell of INT (0 one, 1 two) or TERM (2 one, 3 two) came to another outcome.
becomes() {
	echo ".cells[$1].outcome = \"$2\" | .cells[$1].verdict = \"$3\" |
		.cells[$1].runs = {\"$2\": 1} | .cells[$1].reason = \"now\""
}

@test "nothing changed" {
	change .
	assert_success
	assert_output "4 the same"
	change . --strict
	assert_success
}

@test "worse is told by its cell, with both reasons, and fails" {
	change "$(becomes 0 bad violates)"
	assert_failure 1
	assert_line --regexp '^worse +g/a:INT +one +good -> bad \(conforms -> violates\)$'
	assert_line --regexp 'was: because'
	assert_line --regexp 'now: now'
	assert_line "1 worse, 3 the same"
}

@test "another outcome of the same standing fails, too" {
	change "$(becomes 1 thus permitted)"
	assert_failure 1
	assert_line --regexp '^other +g/a:INT +two +so -> thus$'
	# What the standard permits is no worse than what it asks for.
	change "$(becomes 0 so permitted)"
	assert_failure 1
	assert_line --regexp '^other +g/a:INT +one +good -> so \(conforms -> permitted\)$'
}

@test "two changes that cancel each other out in totals are two changes" {
	change "$(becomes 0 bad violates) | $(becomes 2 good conforms)"
	assert_failure 1
	assert_line --regexp '^worse +g/a:INT +one '
	assert_line --regexp '^better +g/a:TERM +one '
}

@test "better is told, and fails only where it is strict" {
	change "$(becomes 2 so permitted)"
	assert_success
	assert_line --regexp '^better +g/a:TERM +one +bad -> so \(violates -> permitted\)$'
	change "$(becomes 2 so permitted)" --strict
	assert_failure 1
}

@test "what is no longer measured is neither good nor bad: status 3" {
	change "$(becomes 0 n/a '')"
	assert_failure 3
	assert_line --regexp '^unmeasured +g/a:INT +one +good -> n/a'
	change "$(becomes 0 n/a '') | $(becomes 1 bad violates)"
	assert_failure 1
}

@test "an unstable cell of the old file is the same as any outcome it had, and as no other" {
	change "$(becomes 3 thus permitted)"
	assert_success
	assert_output "4 the same"
	change "$(becomes 3 bad violates)"
	assert_success
	assert_line --regexp '^measured +g/a:TERM +two +thus 3/so 2 -> bad'
}

@test "new and gone cells are told one by one; what is gone is not measured: status 3" {
	change 'del(.cells[1]) | .shells += [.shells[0] | .name = "three"] |
		.cells += [.cells[0] | .shell = "three"]'
	assert_failure 3
	assert_line --regexp '^new +g/a:INT +three +good \(conforms\)$'
	assert_line --regexp '^gone +g/a:INT +two +so \(permitted\)$'
	assert_line "1 new, 1 gone, 3 the same"
}

@test "a case whose verdict changed is told from a shell that changed" {
	change '.cells[0].verdict = "violates"'
	assert_success
	assert_line --regexp '^judged +g/a:INT +one +good -> good \(conforms -> violates\)$'
}

@test "another version, another build, another machine are said" {
	change '.shells[0].version = "1.1" | .shells[1].sha256 = "3" | .host.trace = "off"'
	assert_success
	assert_line --regexp '^version +one: 1\.0 -> 1\.1$'
	assert_line --regexp '^version +two: another program of the same version 2\.0$'
	assert_line --regexp '^note +tracing: ptrace -> off$'
}

@test "--shell and --case narrow it; a name that neither file has is refused" {
	change "$(becomes 0 bad violates)" --shell two
	assert_success
	change "$(becomes 0 bad violates)" --case other/x
	assert_success
	change . --shell tow
	assert_failure 2
	assert_equal "${stderr_lines[0]}" "sigmatrix: diff: neither file has the shell 'tow'"
}

@test "all formats tell the same changes" {
	filter="$(becomes 0 bad violates) | $(becomes 2 good conforms) | del(.cells[3])"
	change "$filter" --format json
	assert_failure 1
	assert_equal "$(jq -c '[.differences[] | [.change, .case, .variant, .shell]]' <<<"$output")" \
		'[["worse","g/a","INT","one"],["better","g/a","TERM","one"],["gone","g/a","TERM","two"]]'
	assert_equal "$(jq .same <<<"$output")" 1
	change "$filter" --format markdown
	assert_line "## Signal behaviour: 1 worse, 1 better, 1 gone, 1 the same"
	assert_line --partial "| g/a:INT | one |"
	assert_line --partial "| g/a:TERM | one |"
	assert_line --partial "| g/a:TERM | two |"
}

@test "text from results cannot act: terminal, Markdown" {
	change '.cells[0].outcome = "bad" | .cells[0].reason = "\u001b[31m<b>|x|</b>" |
		.shells[0].version = "1\u001b]0;x\u0007"'
	refute_output --partial $'\033'
	assert_output --partial '\x1b[31m<b>'
	change '.cells[0].outcome = "bad" | .cells[0].reason = "\u001b[31m<b>|x|</b>"' \
		--format markdown
	refute_output --partial $'\033'
	refute_output --partial '<b>'
	assert_output --partial '&lt;b&gt;\|x\|'
}

@test "Markdown of very many changes still fits a comment, and says how many are left out" {
	jq -c '.cases[0].variants = [range(2000) | "v\(.)"] |
		.cells[0] as $c | .cells = [range(2000) as $i | $c | .variant = "v\($i)"]' \
		old.json >many.json && mv many.json old.json
	change '.cells |= map(.outcome = "bad" | .verdict = "violates" | .runs = {bad: 1})' \
		--format markdown
	assert_failure 1
	[ "${#output}" -lt 65000 ]
	assert_line --regexp '^and [0-9]+ more$'
	told=$(grep -c '^| g/a' <<<"$output")
	left=$(sed -n 's/^and \([0-9]*\) more$/\1/p' <<<"$output")
	assert_equal "$((told + left))" 2000
}

@test "a file that is none is refused with its name" {
	echo '{' >new.json
	run "$SIGMATRIX" diff old.json new.json
	assert_failure 2
	assert_output --partial "new.json:"
	run "$SIGMATRIX" diff old.json
	assert_failure 2
}

@test "run --baseline: the first run makes it, the next is compared, another shell is found out" {
	run --separate-stderr sigmatrix run --quiet --case exec/simple-command --shell dash \
		--baseline base.json
	assert_failure 2
	assert_output ""
	sigmatrix run --quiet --case exec/simple-command --shell dash \
		--baseline base.json --update-baseline
	run --separate-stderr sigmatrix run --quiet --case exec/simple-command --shell dash \
		--baseline base.json --strict
	assert_success
	assert_equal "${stderr_lines[-1]}" "1 the same"
	# Another program by the same name.
	run --separate-stderr sigmatrix run --quiet --case exec/simple-command \
		--shell "dash=$(command -v bash) --norc" --baseline base.json
	assert_failure 1
	[[ $stderr == *"version    dash: "* ]]
	[[ $stderr == *"other      exec/simple-command "*"fork -> exec"* ]]
}

@test "run --baseline: what the selection leaves out is not gone; an update may not lose it" {
	sigmatrix run --quiet --case exec/simple-command --case exec/list-last --shell dash \
		--shell bash --baseline base.json --update-baseline
	cp base.json kept.json
	run --separate-stderr sigmatrix run --quiet --case exec/list-last --shell bash \
		--baseline base.json
	assert_success
	assert_equal "${stderr_lines[-1]}" "1 the same"
	run --separate-stderr sigmatrix run --quiet --case exec/list-last --shell bash \
		--baseline base.json --update-baseline
	assert_failure 2
	[[ $stderr == *"3 cells that this run would not play"* ]]
	run cmp base.json kept.json
	assert_success
}
