#!/usr/bin/env bats
# Shells that fail in storms of signals on purpose (fixtures/liar.c), each in its own way. The cases
# are the published ones, with the steps and outcomes they have; where the scene's text is more than
# the liar can read, it is replaced by what it can.
# shellcheck disable=SC2016 # text for the liar

bats_require_minimum_version 1.5.0
load fixtures/helper

# with_script NAME TEXT: the case with another script. with_probe NAME: the line that tells whether
# its first key was lost is one for the liar. Both leave a case of the same name in $WORK/cases.
with_script() {
	mkdir -p "$WORK/cases/robustness"
	TEXT=$2 awk '
		/^script:$/ {
			print
			n = split(ENVIRON["TEXT"], line, /\n/)
			for (i = 1; i <= n; i++)
				print "    " line[i]
			print ""
			skip = 1
			next
		}
		/^[^ ]/ { skip = 0 }
		!skip
	' "$ROOT/cases/robustness/$1.case" >"$WORK/cases/robustness/$1.case"
}

with_probe() {
	mkdir -p "$WORK/cases/robustness"
	sed 's/^    type    a=; if .*/    type    probe; echo "whole" >>"$EVENTS"; echo "cut" >>"$EVENTS"/' \
		"$ROOT/cases/robustness/$1.case" >"$WORK/cases/robustness/$1.case"
}

# tells CASE LIE OUTCOME [LIE OUTCOME]...: plays the liars in the case of $WORK/cases, or in the
# published one.
tells() {
	local name=$1 cases=$ROOT/cases args=() pairs=("${@:2}") i
	[[ -f $WORK/cases/robustness/$name.case ]] && cases=$WORK/cases
	for ((i = 0; i < ${#pairs[@]}; i += 2)); do
		args+=(--shell "${pairs[i]}=$LIAR ${pairs[i]}")
	done
	play "${args[@]}" --cases "$cases" --case "robustness/$name"
	for ((i = 0; i < ${#pairs[@]}; i += 2)); do
		assert_outcome "robustness/$name" "${pairs[i]}" "${pairs[i + 1]}"
	done
	assert_nothing_left
}

storm='trap count USR1
trap enough USR2
echo "begin" >>"$EVENTS"
work
echo "ran=$ran" >>"$EVENTS"
echo "bad=$bad" >>"$EVENTS"
actor last
echo "stop=$stop" >>"$EVENTS"
exit 3'

@test "a storm while the shell works" {
	for name in commands recursion variables; do
		with_script "$name" "$storm"
		tells "$name" honest unharmed litters zombies scribbles corrupted deafens swallowed \
			forgets swallowed miscounts odd-status cracks crashes gives-up gives-up \
			freezes hangs
	done
}

@test "a storm while the script exits: the EXIT action twice, half, never" {
	with_script exit-action "trap count USR1
trap 'echo cleaning >>\$EVENTS; echo cleaned=\$all >>\$EVENTS' EXIT
echo begin >>\$EVENTS
work 5
exit 3"
	tells exit-action honest once miscounts odd-status exit-killed killed exit-half cut \
		scribbles corrupted exit-twice twice exit-never never gives-up never freezes hangs
}

@test "a storm while a script starts" {
	for name in startup-script startup-stdin startup-command; do
		with_script "$name" 'work 5
echo "begin=$all" >>"$EVENTS"
exit 3'
	done
	sed -i 's/begin = 123,/begin = 123456789,/; s/begin != 123 /begin != 123456789 /' \
		"$WORK"/cases/robustness/startup-*.case
	for name in startup-script startup-stdin startup-command; do
		tells "$name" honest starts scribbles corrupted miscounts odd-status \
			exit-killed dies-late cracks dies gives-up gives-up freezes hangs
	done
	with_script startup-script-ignored 'echo "begin=123" >>"$EVENTS"
exit 3'
	tells startup-script-ignored honest starts fiddles dies miscounts odd-status \
		exit-killed dies-late
}

@test "a storm while an interactive shell starts" {
	for name in startup-interactive startup-interactive-ignored; do
		tells "$name" honest starts miscounts odd-status gives-away lost-terminal cracks dies \
			gives-up ends freezes hangs sulks deaf
	done
	# In the other storm there is SIGCONT.
	tells startup-interactive-ignored honest starts fiddles dies stops stops
	tells startup-interactive honest starts stops-again stops
}

@test "very many ^C to a job: the job's terminal and status are lost" {
	tells ctrl-c-job honest survives grabs lost-job miscounts odd-status never-takes dies \
		sulks deaf
}

@test "^Z and fg: the job stays stopped, is remembered, the terminal is not given back" {
	mkdir -p "$WORK/cases/robustness"
	sed 's/^    type    jobs .*/    type    jobs "jobs" >>"$EVENTS"/' \
		"$ROOT/cases/robustness/ctrl-z-fg.case" >"$WORK/cases/robustness/ctrl-z-fg.case"
	tells ctrl-z-fg honest clean leaves-stopped stopped gives-away stuck-terminal \
		never-takes dies remembers remembered quits dies sulks deaf
}

@test "very many short pipelines: the terminal, the status or the prompt is lost" {
	mkdir -p "$WORK/cases/robustness"
	# Pipelines of builtins are nothing to the liar; those of programs become lists.
	sed -e 's/^    type    .*actor one.*/    type    actor one exit 0; actor two exit 0/' \
		-e '/^    type    .*:/s/type.*/type    :/' \
		"$ROOT/cases/robustness/short-pipelines.case" \
		>"$WORK/cases/robustness/short-pipelines.case"
	tells short-pipelines honest clean gives-away lost-terminal never-takes dies \
		miscounts odd-status quits dies sulks deaf refuses stuck-terminal
}

@test "very many SIGINT and ^C at the prompt: keys and lines are lost" {
	with_probe prompt-int
	tells prompt-int honest keeps-line cuts cut drops loses cracks crashes gives-up ends \
		freezes stuck-terminal
	with_probe ctrl-c-half-line
	tells ctrl-c-half-line honest survives cuts cut drops loses cracks crashes gives-up ends \
		freezes stuck-terminal
}

@test "very many ^C to a loop and to read" {
	with_probe ctrl-c-loop
	sed -i 's/while :; do .*/work 5/' "$WORK/cases/robustness/ctrl-c-loop.case"
	tells ctrl-c-loop honest survives litters zombies cuts cut drops loses cracks crashes \
		gives-up ends freezes stuck-terminal miscounts odd-status
	with_probe ctrl-c-read
	tells ctrl-c-read honest survives cuts cut drops loses cracks crashes gives-up ends \
		scribbles corrupted freezes deaf
}

@test "signals with an action while a line is being typed" {
	with_probe prompt-half-line
	sed -i "s/ran=0; trap .* \\(.{SIG}\\)/trap count \\1/" "$WORK/cases/robustness/prompt-half-line.case"
	tells prompt-half-line honest unharmed deafens swallowed cuts corrupted cracks crashes \
		gives-up ends freezes deaf
}

@test "a storm while many shells start" {
	local wrong
	for name in startup-children startup-interactive-children; do
		for wrong in 1:corrupted 131:killed; do
			with_script "$name" "trap enough USR2
trap count HUP
trap count QUIT
trap count TERM
echo begin >>\$EVENTS
work
echo wrong=${wrong%:*} >>\$EVENTS
echo \"bad=\$bad\" >>\$EVENTS
actor last
echo \"stop=\$stop\" >>\$EVENTS
exit 3"
			tells "$name" honest unharmed scribbles "${wrong#*:}" forgets swallowed \
				miscounts odd-status
		done
		tells "$name" litters zombies cracks crashes gives-up gives-up freezes hangs
	done
}
