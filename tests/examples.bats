#!/usr/bin/env bats
# The shell in examples/ is run as it stands there: taken out of the YAML, in an image, with stand-ins
# for the container engine and for gh.

bats_require_minimum_version 1.5.0
load fixtures/helper

# shell_of FILE PATH...: the shell text of a step, as the CI would run it.
shell_of() {
	/usr/bin/python3 - "$ROOT/examples/$1" "${@:2}" <<-'EOF'
		import sys, yaml
		node = yaml.safe_load(open(sys.argv[1]))
		for key in sys.argv[2:]:
		    if isinstance(node, list):
		        node = next(step for step in node if step.get("name") == key)
		    else:
		        node = node[key]
		node = node["run"] if isinstance(node, dict) else node
		print("\n".join(node) if isinstance(node, list) else node)
	EOF
}

# A place like the one a CI job gets: the repository's files, the portable tree, one image.
setup() {
	use_own_tmpdir
	needs_images
	make --silent -C "$ROOT" portable
	cd "$WORK" || return
	cp -r "$ROOT/build-portable/sigmatrix-tree" sigmatrix
	mkdir images bin
	make_image images/tiny
	cat >bin/gh <<-'EOF'
		#!/bin/sh
		printf '%s\n' "$@" >gh-arguments
	EOF
	chmod +x bin/gh
	export IMAGES=$WORK/images IMAGE=tiny ENGINE="$FIXTURES/engine.sh" PATH=$WORK/bin:$PATH
	export GITHUB_STEP_SUMMARY=$WORK/step-summary PULL_REQUEST=7
	export OPTIONS="--case exec/simple-command --case terminal/foreground-job"
}

step() {
	shell_of "$@" >script.sh
	run bash --noprofile --norc -eo pipefail script.sh
}

@test "GitHub: the first run makes the baseline, the next agrees, a shell that changed fails and is told" {
	step github.yml jobs images steps measure
	assert_success
	assert_exists baselines/tiny.json
	step github.yml jobs images steps measure
	assert_success
	assert_output --partial "2 the same"
	grep -q 'simple-command' step-summary
	grep -q '<html' out/report.html
	# Another shell by the name of BusyBox's.
	cp "$(command -v dash)" images/tiny/bin/busybox
	step github.yml jobs images steps measure
	assert_failure
	grep -q '^| exec/simple-command' out/comment.md || grep -q 'version of ash' out/comment.md
	step github.yml jobs images steps comment
	assert_success
	assert_equal "$(cat gh-arguments)" $'pr\ncomment\n7\n--body-file\nout/comment.md'
}

@test "GitLab: the same, in the image, with a JUnit report" {
	step gitlab.yml signals script
	assert_success
	step gitlab.yml signals script
	assert_success
	assert_output --partial "the same"
	grep -q '<testsuites' out/junit.xml
	jq '(.cells[] | select(.case == "exec/simple-command") | .outcome) = "other"' \
		baselines/tiny.json >changed.json
	mv changed.json baselines/tiny.json
	step gitlab.yml signals script
	assert_failure 1
}

@test "the build jobs make the portable tree" {
	git clone -q "$ROOT" source-of-github
	shell_of github.yml jobs sigmatrix steps build >script.sh
	run bash -ec 'cd source-of-github && bash -eo pipefail ../script.sh'
	assert_success
	assert_exists source-of-github/build-portable/sigmatrix-tree/bin/sigmatrix
	SIGMATRIX_URL=$ROOT step gitlab.yml sigmatrix script
	assert_success
	run sigmatrix/bin/sigmatrix --version
	assert_success
}

@test "the container file installs every package a shell file names" {
	local package
	while read -r package; do
		run grep -qw -- "$package" "$ROOT/examples/Containerfile"
		assert_success
	done < <(sed -n 's/^package:[[:blank:]]*//p' "$ROOT"/shells/*.shell | sort -u)
}
