#!/usr/bin/env bats
# Container runtimes and engines as links: that what they are known to do is measured, and that
# nothing of theirs is left on the machine. They are skipped where they cannot run, with the reason.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # SIGMATRIX is the helper's

bats_require_minimum_version 1.5.0
load fixtures/helper

setup_file() {
	make_public
}

setup() {
	use_public_tmpdir
}

teardown_file() {
	rm -rf "$PUBLIC"
}

# needs_link NAME: skips with what 'list links' says where it cannot run.
needs_link() {
	local line
	line=$(sigmatrix list links | grep -E "^$1 ")
	[[ $line != *'cannot run here: '* ]] || skip "${line#*cannot run here: }"
}

# What a container engine changes on a machine, if it does: mounts, control groups, the terminals'
# device, sockets and state, network interfaces, and, where it can be asked, the packet filter.
machine() {
	findmnt --noheadings --list --output TARGET,FSTYPE | grep -vF "$TMPDIR" || true
	find /sys/fs/cgroup -type d | grep -E '/(docker|libpod|link|buildkit)' || true
	stat --format '%n %F %t:%T %a' /dev/ptmx /dev/null /dev/tty
	ls -d /run/{docker,containerd,containers,libpod,crun,runc,netns} \
		/var/lib/{docker,containers,cni} /etc/cni /dev/shm/libpod_lock 2>/dev/null || true
	cut -d: -f1 /proc/net/dev
	iptables-save 2>/dev/null | grep -v '^#' || true
}

# plays NAME CASE OUTCOME...: root's cells, and the machine as it was.
plays() {
	local link=$1 cases=() before after
	needs_link "$link"
	shift
	before=$(machine)
	for ((i = 1; i < $#; i += 2)); do
		cases+=(--case "links/${!i}")
	done
	play --link "$link" "${cases[@]}"
	assert_success
	while (($# > 0)); do
		assert_outcome "links/$1" "$link" "$2"
		shift 2
	done
	after=$(machine)
	assert_equal "$after" "$before"
	assert_nothing_left
}

@test "runc: passes on, gives the status, is left behind by its container" {
	plays runc slow waits status-exit passed status-missing exit-127 stays child group new-session \
		killed lives blocked unblocked
}

@test "crun" {
	plays crun slow waits status-exit passed stays child group new-session
}

@test "podman run: the same, through a monitor; a second terminal" {
	plays podman slow waits status-exit passed status-missing exit-127 stays deeper group new-session \
		killed lives terminal other-terminal
}

@test "podman run --init: the command is not process 1, and dies" {
	plays podman-init slow waits status-killed status-above-128
}

@test "docker run: the same, through three daemons" {
	plays docker slow waits status-exit passed status-missing exit-127 stays deeper group new-session \
		killed lives terminal other-terminal ignored reset blocked unblocked
}

@test "docker run --init: the command is not process 1, and dies" {
	plays docker-init slow waits status-killed status-above-128
}

@test "docker run --sig-proxy=false: the client dies, the container lives" {
	plays docker-no-proxy slow dies-leaves
}

@test "docker-compose run: stops the container, and loses its status; up: says all went well" {
	plays docker-compose slow waits-other status-exit passed
	plays docker-compose-up slow waits-zero
}

@test "a run that is killed in the middle of a scene leaves nothing either" {
	local run deadline before after
	needs_link docker
	before=$(machine)
	"$SIGMATRIX" run --quiet --link docker --case signal-alone --jobs 1 >/dev/null &
	run=$! deadline=$((SECONDS + 60))
	until pgrep -f "containerd-shim.*$TMPDIR" >/dev/null; do
		kill -0 "$run" || fail "it ended before there was a container"
	done
	kill -KILL "$run"
	wait "$run" || true
	# The workers and the kernel end what is left in their own time.
	until ! pgrep -f "$TMPDIR" >/dev/null; do
		((SECONDS < deadline)) || fail "left: $(pgrep -af "$TMPDIR")"
	done
	assert_no_process_left
	after=$(machine)
	assert_equal "$after" "$before"
}

@test "untraced, and without PID namespaces, nothing is left" {
	local link before after
	before=$(machine)
	for link in runc podman docker; do
		needs_link "$link"
		play --link "$link" --case slow --case signal-alone-dies --trace off
		assert_success
		assert_outcome links/slow "$link" waits
		play --link "$link" --case slow --isolation subreaper
		assert_nothing_left
	done
	after=$(machine)
	assert_equal "$after" "$before"
}

@test "an ordinary user is told why not, and nothing is left" {
	local link before after
	((EUID == 0)) || skip "for root, who can be somebody else"
	before=$(machine)
	run ordinary env TMPDIR="$TMPDIR" "$PUBLIC/build/sigmatrix" list links
	for link in crun runc podman docker docker-compose; do
		assert_line --regexp "^$link +.* (cannot run here: .*ordinary user; root may|is not installed)"
	done
	run ordinary env TMPDIR="$TMPDIR" "$PUBLIC/build/sigmatrix" run --link docker --case stays
	assert_failure 2
	after=$(machine)
	assert_equal "$after" "$before"
}

@test "a runtime that is not there is missing, though unshare is" {
	local tree=$WORK/tree
	mkdir -p "$tree/build"
	cp "$BUILD/sigmatrix" "$BUILD/actor" "$tree/build/"
	cp -r "$ROOT/shells" "$ROOT/links" "$tree/"
	sed -i 's/^probe:.* dockerd /probe: unshare --mount-proc dockerd-of-no-kind /' "$tree/links/docker.link"
	SIGMATRIX=$tree/build/sigmatrix
	unshare --mount-proc true 2>/dev/null || skip "no mount namespaces here"
	run sigmatrix list links
	assert_line --regexp '^docker-init +.*cannot run here: .*dockerd-of-no-kind: No such file'
}
