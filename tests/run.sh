#!/bin/sh
# Runs all tests and closes with "N passed, N failed". Called by 'make check'.
#   tests/run.sh BUILD ASAN_BUILD
set -u
cd "$(dirname "$0")/.." || exit
build=$1 asan=$2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0

# Runs a program that prints TAP, shows what is not "ok", and counts. One that dies without a
# "not ok", or has nothing to say, must not pass.
tap() {
	name=$1
	shift
	"$@" >"$log" 2>&1
	status=$?
	good=$(grep -c '^ *ok ' "$log")
	bad=$(grep -c '^ *not ok ' "$log")
	grep -v '^ *ok ' "$log"
	if [ "$bad" -eq 0 ] && { [ $status -ne 0 ] || [ "$good" -eq 0 ]; }; then
		echo "not ok - $name exited with $status after $good tests"
		bad=1
	fi
	echo "# $name: $good passed, $bad failed"
	passed=$((passed + good))
	failed=$((failed + bad))
}

tap lint tests/lint.sh "$build"
for test in tests/unit/test_*.c; do
	name=$(basename "$test" .c)
	tap "$name, under ASan and UBSan" env CMOCKA_MESSAGE_OUTPUT=TAP "$asan/unit/$name"
done
tap "fuzz" tests/fuzz/run.sh --short build-fuzz
tap "bats" env BUILD="$build" bats --tap tests
tap "bats, under ASan and UBSan" env BUILD="$asan" bats --tap tests/cli.bats tests/bad-input.bats

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
