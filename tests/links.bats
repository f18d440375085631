#!/usr/bin/env bats
# Links, programs that are given a command and run it: their files, the mode of their cases, and links
# that lie (fixtures/link-liar.c), each of which the harness must see for what it is.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154,SC2016 # SIGMATRIX is the helper's; ${COMMAND} is for link files

bats_require_minimum_version 1.5.0
load fixtures/helper

LINK_LIAR=$BUILD/link-liar
CASES=$FIXTURES/link-cases

setup_file() {
	make_public
	cp "$BUILD/link-liar" "$PUBLIC/build/"
}

setup() {
	use_public_tmpdir
}

teardown_file() {
	rm -rf "$PUBLIC"
}

# play_links LIE... -- ARGS...: plays them beside an honest one.
play_links() {
	local links=(--link "honest=$LINK_LIAR honest")
	while [[ $1 != -- ]]; do
		links+=(--link "$1=$LINK_LIAR $1")
		shift
	done
	shift
	play --cases "$CASES" "${links[@]}" "$@"
}

# A copy of the project, whose links/ can be added to.
make_tree() {
	TREE=$WORK/tree
	mkdir -p "$TREE/build"
	cp "$BUILD/sigmatrix" "$BUILD/actor" "$TREE/build/"
	cp -r "$ROOT/shells" "$TREE/"
	cp -r "$CASES" "$TREE/cases"
	mkdir "$TREE/links"
	SIGMATRIX=$TREE/build/sigmatrix
}

@test "forwards twice" {
	for trace in on off; do
		play_links twice -- --case signal-alone --trace "$trace"
		# Who sent it, only a tracer and the command itself tell; both do here.
		assert_success
		assert_outcome links/signal-alone honest passed
		assert_outcome links/signal-alone twice twice
	done
}

@test "what the harness sends into a PID namespace of the link's own is no stranger's" {
	unshare --pid --fork true 2>/dev/null || skip "no PID namespaces here"
	play --cases "$ROOT/cases" --case links/signal-group --link "deeper=$LINK_LIAR deeper"
	assert_success
	# The group got it, and the link passed it on: from outside both times.
	assert_outcome links/signal-group deeper twice
}

@test "leaves a descriptor open to the command" {
	for trace in on off; do
		play --cases "$ROOT/cases" --case links/descriptors --trace "$trace" \
			--link "honest=$LINK_LIAR honest" --link "leaks=$LINK_LIAR leaks"
		assert_success
		assert_outcome links/descriptors honest none
		assert_outcome links/descriptors leaks one
	done
}

@test "swallows" {
	for trace in on off; do
		play_links swallows -- --case signal-alone --case pid1 --trace "$trace"
		assert_success
		assert_outcome links/signal-alone swallows swallowed
		assert_outcome links/pid1 honest passed
		assert_outcome links/pid1 swallows dropped
	done
}

@test "forgets the status" {
	for trace in on off; do
		play_links forgets -- --case status --trace "$trace"
		assert_success
		assert_outcome links/status honest told
		assert_outcome links/status forgets forgotten
	done
}

@test "leaves the command behind" {
	for trace in on off; do
		play_links leaves -- --case signal-alone --trace "$trace"
		assert_success
		assert_outcome links/signal-alone leaves dies-leaves
	done
	assert_nothing_left
}

@test "execs, with a child that seems to be the command" {
	for trace in on off; do
		play_links execs -- --case stays --case signal-alone --trace "$trace"
		assert_success
		assert_outcome links/stays honest child
		assert_outcome links/stays execs execs
		assert_outcome links/signal-alone execs is-the-command
	done
}

@test "a wait that looks up again and again is rest only where the link file says so" {
	make_tree
	printf 'title: P\nkind: init\nprogram: %s\noptions: periodic\n' "$LINK_LIAR" \
		>"$TREE/links/restless.link"
	printf 'title: Q\nlike: restless\ntimer: periodic\n' >"$TREE/links/periodic.link"
	play --links --case signal-alone --case stays --timeout-factor 0.1
	assert_failure 3
	assert_outcome links/signal-alone periodic passed
	assert_outcome links/stays restless timeout
	assert_reason links/stays restless 'link is waiting with a timeout'
}

@test "a link that polls is at rest when it has looked round and nothing has come of it" {
	make_tree
	printf 'title: L\nkind: init\nprogram: %s\noptions: late\ntimer: polling\n' "$LINK_LIAR" \
		>"$TREE/links/late.link"
	printf 'title: H\nlike: late\noptions: honest\n' >"$TREE/links/never.link"
	play --links --case signal-alone --case status --repeat 3
	assert_success
	assert_outcome links/signal-alone late passed
	assert_outcome links/status late told
	# Nobody polls there, so nobody is waited for.
	assert_outcome links/signal-alone never passed
	play --links --case status --trace off
	assert_success
	assert_outcome links/status late n/a
	assert_reason links/status late 'the link polls, and only a tracer can tell'
}

@test "who polls as often as the file says has settled when it has had the time for a look" {
	make_tree
	printf 'title: P\nkind: init\nprogram: %s\noptions: polls\ntimer: polling 400\n' "$LINK_LIAR" \
		>"$TREE/links/polls.link"
	printf 'title: C\nlike: polls\noptions: computes\n' >"$TREE/links/computes.link"
	play --links --case status --repeat 3
	assert_success
	assert_outcome links/status polls told
	# What it takes to compute is not time it had for a look.
	assert_outcome links/status computes told
}

@test "a terminal of the same number in a /dev/pts of its own is another terminal" {
	unshare --mount mount -t devpts -o newinstance devpts /dev/pts 2>/dev/null || skip "only root may mount"
	make_tree
	cat >"$TREE/links/inner.link" <<-'EOF'
		title:     I
		kind:      wrapper
		program:   unshare
		arguments: --mount sh ./start ${COMMAND}
		file start:
		    #!/bin/sh
		    number=$(tty)
		    mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts &&
		        mount --bind /dev/pts/ptmx /dev/ptmx || exit
		    exec /usr/bin/python3 ./inner "${number##*/}" "$@"
		# Takes as many terminals as it needs to be given one of that number, and hands it to the
		# command's group, as catatonit does.
		file inner:
		    import os, signal, sys
		    pairs = [os.openpty() for _ in range(int(sys.argv[1]) + 1)]
		    if os.fork() == 0:
		        os.setsid()
		        slave = os.open("/dev/pts/" + sys.argv[1], os.O_RDWR)
		        child = os.fork()
		        if child == 0:
		            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
		            os.setpgid(0, 0)
		            os.tcsetpgrp(slave, os.getpid())
		            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
		            os.execvp(sys.argv[2], sys.argv[2:])
		        os.waitpid(child, 0)
		        os._exit(0)
		    os.wait()
	EOF
	play --links --case terminal
	assert_success
	# What is typed is not handed on by this one, and nobody else's terminal was given away.
	assert_outcome links/terminal inner nothing
}

@test "the links that come with it: what execs, and what stays" {
	play --cases "$CASES" --link env --link timeout --case stays
	assert_success
	assert_outcome links/stays env execs
	assert_outcome links/stays timeout child
	command -v tini >/dev/null || skip "no tini here"
	play --cases "$CASES" --link tini --case stays
	assert_success
	assert_outcome links/stays tini child
}

@test "arguments, files, a name to be called by, and the command as one string" {
	make_tree
	cat >"$TREE/links/make.link" <<-'EOF'
		title:     GNU make
		kind:      wrapper
		program:   make
		arguments: -s -f sub/makefile
		file sub/makefile:
		    all:
		    	@env ${COMMAND}; true
	EOF
	printf 'title: sh\nkind: wrapper\nprogram: sh\narguments: -c ${COMMAND:sh}\n' >"$TREE/links/sh.link"
	printf 'title: x\nkind: wrapper\nprogram: env\narguments: sh -c exec\\ ${COMMAND}\n' \
		>"$TREE/links/slips.link"
	printf 'title: b\nkind: wrapper\nprogram: busybox\nargv0: env\n' >"$TREE/links/busy.link"
	play --links --case stays --timeout-factor 0.2
	assert_outcome links/stays make further
	assert_outcome links/stays busy execs
	run jq -r '.cells[] | select(.shell == "sh") | .outcome' "$WORK/results.json"
	assert_output --regexp '^(child|execs)$'
	# There is no quoting: "exec\" is not the command.
	assert_outcome links/stays slips unknown
}

@test "a link that drops the environment: the command gets it all the same, where the file says so" {
	make_tree
	printf 'title: F\nkind: wrapper\nprogram: env\noptions: -i -C /\n' >"$TREE/links/forgetful.link"
	printf 'title: D\nlike: forgetful\nenvironment: lost\n' >"$TREE/links/declared.link"
	play --links --case stays --case signal-alone --case needs-environment
	assert_outcome links/stays declared execs
	assert_outcome links/signal-alone declared is-the-command
	assert_outcome links/needs-environment declared n/a
	assert_reason links/needs-environment declared 'declared lacks environment'
	# The actor is not found then, so nothing but the link's end is seen.
	assert_outcome links/stays forgetful unknown
}

@test "a probe that fails: missing, with the reason, and an error only when asked for by name" {
	make_tree
	printf 'title: W\nkind: init\nprogram: env\nprobe: true\n' >"$TREE/links/works.link"
	printf 'title: N\nlike: works\nprobe: sh -c nothing-of-that-name\n' >"$TREE/links/needy.link"
	printf 'title: L\nlike: works\nprobe: sh -c exit\nprobe: sh -c "exit\n' >"$TREE/links/later.link"
	printf 'title: M\nkind: init\nprogram: no-such-init\npackage: an-init\n' >"$TREE/links/absent.link"
	run sigmatrix list links
	assert_success
	assert_line --regexp "^needy +N +needy cannot run here: 'sh -c nothing-of-that-name' says: status 127: .*not found"
	assert_line --regexp "^later +L +later cannot run here: 'sh -c \"exit' says: status 2: .*nterminated"
	assert_line --regexp '^absent +M +no-such-init is not installed: apt-get install an-init'
	play --links --case stays
	assert_success
	assert_outcome links/stays works execs
	run jq -c '[.shells[] | {name, kind, m: (.missing != null)}] | sort_by(.name)' "$WORK/results.json"
	assert_output '[{"name":"absent","kind":"init","m":true},{"name":"later","kind":"init","m":true},{"name":"needy","kind":"init","m":true},{"name":"works","kind":"init","m":false}]'
	run sigmatrix run --link needy --case stays
	assert_failure 2
	assert_output --partial 'needy cannot run here'
	run sigmatrix doctor
	assert_line --regexp '^missing +needy +needy cannot run here'
	assert_line --partial 'The matrix will have 1 of 4 links'
	assert_line --regexp '^For the others: apt-get install an-init$'
	assert_nothing_left
}

@test "an ordinary user plays them too" {
	run ordinary env TMPDIR="$TMPDIR" "$PUBLIC/build/sigmatrix" run --cases "$PUBLIC/none" --links
	assert_failure 2
	cp -r "$CASES" "$PUBLIC/link-cases"
	chmod -R a+rX "$PUBLIC"
	run ordinary env TMPDIR="$TMPDIR" "$PUBLIC/build/sigmatrix" run --cases "$PUBLIC/link-cases" \
		--link env --link "leaves=$PUBLIC/build/link-liar leaves" --case signal-alone --quiet --format csv
	assert_success
	assert_line --partial '"links/signal-alone","TERM","env","'
	assert_line --regexp '"TERM","leaves",.*"dies-leaves"'
}

@test "cases for links never play on shells, nor the other way round" {
	run sigmatrix run --cases "$CASES" --case links
	assert_failure 2
	assert_line "sigmatrix: 'links' matches cases for links only: play them on links (run --links, explain --link NAME)"
	run sigmatrix run --cases "$CASES" --shell dash
	assert_failure 2
	assert_output --partial 'has no case for shells'
	run sigmatrix run --links --case exec/simple-command
	assert_failure 2
	assert_output --partial "'exec/simple-command' matches cases for shells only"
	run sigmatrix run --links --shell dash
	assert_failure 2
	assert_output --partial 'links or shells'
	run sigmatrix run --link no-such-link --cases "$CASES"
	assert_failure 2
	assert_output --partial "no link is called 'no-such-link'"
	run sigmatrix explain links/stays --cases "$CASES" --shell dash
	assert_failure 2
	assert_output --partial 'explain --link NAME'
	run sigmatrix crosscheck --links --shell dash
	assert_failure 2
	assert_output --partial 'links or shells'
	mkdir -p "$WORK/both"
	cp -r "$CASES/links" "$ROOT/cases/exec" "$WORK/both/"
	run jq -r '[.cells[].case] | unique[]' <(sigmatrix run --quiet --format json --cases "$WORK/both" \
		--case '*s*' --link env)
	assert_line links/stays
	refute_line --partial exec/
	run sigmatrix crosscheck --quiet --cases "$WORK/both" --case 'exec/simple-*' --case stays --shell dash
	assert_failure 2
	assert_output --partial "'stays' matches cases for links only"
	run sigmatrix crosscheck --quiet --cases "$WORK/both" --case '*s*-*' --shell dash
	assert_success
}

@test "explain says link where it says shell of shells" {
	run sigmatrix explain links/signal-alone --cases "$CASES" --variant TERM \
		--link "twice=$LINK_LIAR twice"
	assert_success
	assert_line 'links/signal-alone, variant TERM on twice'
	assert_line 'Command:'
	assert_line '    job got TERM from link twice, link.state = running'
	assert_line '    link forks job'
	refute_output --partial shell
}

@test "facts, the document and its schema, a report in every format" {
	play_links -- --link env --case stays --case terminal
	assert_success
	run jq -r '[.shells[].kind] | unique[]' "$WORK/results.json"
	assert_output wrapper
	run jq -r '.cells[] | select(.shell == "env" and .case == "links/stays") | .facts["job.process"]' \
		"$WORK/results.json"
	assert_output link
	run /usr/bin/python3 -W ignore -m jsonschema -i "$WORK/results.json" "$ROOT/docs/results.schema.json"
	assert_success
	for format in term markdown html summary man csv tap junit conformance json ndjson; do
		run sigmatrix report "$WORK/results.json" --format "$format"
		assert_success
		assert_output --partial stays
	done
	assert_equal "$(sigmatrix report "$WORK/results.json" --format html | grep -ci 'shells do')" 0
	run sigmatrix report "$WORK/results.json" --format markdown
	assert_line '# What links do with signals'
	assert_line '## Links'
	run sigmatrix report "$WORK/results.json" --link env
	assert_line --partial 'links 1,'
	run sigmatrix report "$WORK/results.json" --link nobody
	assert_output --partial "the results have no link 'nobody'"
	run sigmatrix report "$WORK/results.json" --format book --output "$WORK/book"
	assert_success
	run cat "$WORK/book/README.md" "$WORK/book/shells.md"
	assert_line '# What links do with signals'
	assert_line '# Links'
}

@test "results of shells and of links do not go together" {
	play_links -- --case stays
	cp "$WORK/results.json" "$WORK/links.json"
	play --shell dash --case exec/simple-command
	run sigmatrix diff "$WORK/results.json" "$WORK/links.json"
	assert_failure 2
	assert_output --partial 'they have nothing in common'
	run sigmatrix run --shell dash --case exec/simple-command --baseline "$WORK/links.json"
	assert_failure 2
	assert_output --partial 'links.json is about links, this run about shells'
	jq '.shells[0].kind = "shell" | .shells += [.shells[0] | .name = "other" | .kind = "init"]' \
		"$WORK/links.json" >"$WORK/mixed.json"
	run sigmatrix report "$WORK/mixed.json"
	assert_failure 2
	assert_output --partial 'there are shells and links; a document has either'
	jq '.shells[0].kind = "actor"' "$WORK/links.json" >"$WORK/odd.json"
	run sigmatrix report "$WORK/odd.json"
	assert_failure 2
	assert_output --partial 'there is no kind "actor"'
}

@test "the features lint knows of links are those of docs/case-format.md" {
	local documented
	documented=$(sed -n '/^## 6\./,/^## 7\./s/^| `\([a-z0-9-]*\)` |.*/\1/p' "$ROOT/docs/case-format.md")
	[[ -n $documented ]]
	run sigmatrix lint "$FIXTURES/malformed/unknown-feature.link"
	assert_failure 2
	assert_line --index 0 --partial "; known: ${documented//$'\n'/, }"
	[[ ${lines[0]} == *"${documented##*$'\n'}" ]]
}
