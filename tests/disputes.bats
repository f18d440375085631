#!/usr/bin/env bats
# An actor that lies (fixtures/lying-actor.c), each lie once: the cell is disputed, and says about what.

bats_require_minimum_version 1.5.0
load fixtures/helper

setup() {
	use_own_tmpdir
	mkdir -p "$WORK/bin" "$WORK/cases/x"
	cp "$SIGMATRIX" "$WORK/bin/sigmatrix"
	cp "$BUILD/lying-actor" "$WORK/bin/actor"
	ln -s "$ROOT/shells" "$WORK/shells"
	SIGMATRIX=$WORK/bin/sigmatrix
	cat >"$WORK/cases/x/y.case" <<-'END'
		title:    An actor with something to tell
		mode:     script
		terminal: yes
		spec:     unspecified

		For this test.

		script:
		    actor job on USR1 note on WINCH note
		    echo "status=$?" >>"$EVENTS"

		steps:
		    await   job ready
		    signal  USR1 job
		    settle
		    signal  WINCH job
		    settle
		    tell    job exit 3
		    await   status
		    settle

		outcomes:
		    done    status = 3, job ended exit 3    conforms   it is done
	END
}

# told LIE: the outcome and the reason of the cell when the actor tells it.
told() {
	printf %s "$1" >"$WORK/bin/actor.lie"
	sigmatrix run --quiet --cases "$WORK/cases" --shell dash --output "$WORK/results.json" \
		--trace on >/dev/null || true
	jq -r '.cells[] | .outcome + ": " + .reason' "$WORK/results.json"
}

@test "an actor that tells no lie" {
	run told nothing
	assert_output 'done: status = 3, job ended exit 3'
}

@test "each lie is a dispute, and it says about what" {
	while IFS='|' read -r lie reason; do
		run told "$lie"
		assert_output --regexp "^disputed: $reason\$"
	done <<-'END'
		pid|job says its pid is [0-9]+, but from outside it is [0-9]+
		parent|job says its parent is [0-9]+, but from outside it is [0-9]+
		group|job says its process group is [0-9]+, but from outside it is [0-9]+
		session|job says its session is [0-9]+, but from outside it is [0-9]+
		foreground|job says the foreground group is [0-9]+, but for the terminal it is [0-9]+
		ignored|job says USR2 was ignored when it started, but from outside it was not
		blocked|job says USR2 was blocked when it started, but from outside it was not
		signal|the tracer saw job get USR1 from harness, job says nothing of it
		sender|the tracer saw job get USR1 from harness, job says nothing of it
		silence|the tracer saw job get USR1 from harness, job says nothing of it
		order|job says it got USR1 after what the tracer delivered later
		exit|job says it ends by exit 4, but for the tracer it exited with 3
		exit-silence|the tracer saw job exit with 3, job says nothing of it
	END
}
