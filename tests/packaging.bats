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

# make_image ROOT: BusyBox with its libraries, and nothing else.
make_image() {
	mkdir -p "$1"/{bin,proc,dev/pts,tmp,sigmatrix}
	cp "$(command -v busybox)" "$1/bin/busybox"
	ln -s busybox "$1/bin/sh"
	touch "$1/dev/null" "$1/dev/tty"
	ldd "$1/bin/busybox" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$1$(dirname "$library")"
		cp -L "$library" "$1$library"
	done
}

# in_image ROOT COMMAND...: in mount and PID namespaces of its own, as an image is run.
in_image() {
	local user=()
	((EUID == 0)) || user=(--user --map-root-user)
	# shellcheck disable=SC2016
	unshare "${user[@]}" --mount --pid --fork sh -c '
		set -e
		root=$1
		shift
		unset TMPDIR # is outside of the image
		mount -t proc proc "$root/proc"
		mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
		ln -sf pts/ptmx "$root/dev/ptmx"
		mount --bind /dev/null "$root/dev/null"
		mount --bind /dev/tty "$root/dev/tty"
		exec chroot "$root" "$@"' sh "$@"
}

@test "the portable tree measures in an image without libraries what is measured here" {
	unshare --mount --pid --fork true 2>/dev/null ||
		unshare --user --map-root-user --mount --pid --fork true 2>/dev/null ||
		skip "no namespaces here"
	make --silent -C "$ROOT" portable
	make_image "$WORK/image"
	cp -r "$ROOT/build-portable/sigmatrix-tree/." "$WORK/image/sigmatrix/"
	run in_image "$WORK/image" /sigmatrix/bin/sigmatrix run --quiet --shell ash \
		--case terminal --case exec/simple-command --output /tmp/there.json
	assert_success
	sigmatrix run --quiet --shell ash --case terminal --case exec/simple-command \
		--output "$WORK/here.json" >/dev/null
	run sigmatrix diff "$WORK/here.json" "$WORK/image/tmp/there.json" --strict
	assert_success
	assert_line --regexp '^[0-9]+ the same$'
	refute_line "0 the same"
}
