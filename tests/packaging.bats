#!/usr/bin/env bats
# What is handed on measures as the tree it was made from: the Debian package, and the portable tree
# in an image that has nothing but a shell.

bats_require_minimum_version 1.5.0
load fixtures/helper

@test "the Debian package builds, and what autopkgtest would run passes on it" {
	run "$ROOT/packaging/build-deb.sh" "$WORK/deb"
	assert_success
	dpkg-deb -x "$WORK"/deb/sigmatrix_*.deb "$WORK/root"
	assert_exists "$WORK/root/usr/share/man/man1/sigmatrix.1.gz"
	assert_exists "$WORK/root/usr/share/bash-completion/completions/sigmatrix"
	PATH=$WORK/root/usr/bin:$PATH run "$ROOT/packaging/debian/tests/smoke"
	assert_success
	# The test can fail: without the actor nothing is measured.
	rm "$WORK/root/usr/libexec/sigmatrix/actor"
	PATH=$WORK/root/usr/bin:$PATH run "$ROOT/packaging/debian/tests/smoke"
	assert_failure
}

@test "the portable tree measures in an image without libraries what is measured here" {
	needs_images
	make --silent -C "$ROOT" portable
	make_image "$WORK/image"
	IMAGES=$WORK run "$FIXTURES/engine.sh" run -v "$ROOT/build-portable/sigmatrix-tree:/sigmatrix" \
		--entrypoint /sigmatrix/bin/sigmatrix image run --quiet --shell ash \
		--case terminal --case exec/simple-command --output /tmp/there.json
	assert_success
	sigmatrix run --quiet --shell ash --case terminal --case exec/simple-command \
		--output "$WORK/here.json" >/dev/null
	run sigmatrix diff "$WORK/here.json" "$WORK/image/tmp/there.json" --strict
	assert_success
	assert_line --regexp '^[0-9]+ the same$'
	refute_line "0 the same"
}
