#!/bin/sh
# Runs all tests and closes with "N passed, N failed". Called by 'make check'.
#   tests/run.sh BUILD ASAN_BUILD
set -u
cd "$(dirname "$0")/.." || exit
build=$1 asan=$2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0

# Counts the lines of TAP in the log.
count() {
	good=$(grep -c '^ *ok ' "$log")
	bad=$(grep -c '^ *not ok ' "$log")
	passed=$((passed + good))
	failed=$((failed + bad))
}

one() {
	name=$1
	shift
	if "$@" >"$log" 2>&1; then
		echo "ok - $name"
		passed=$((passed + 1))
	else
		echo "not ok - $name"
		sed 's/^/    /' "$log"
		failed=$((failed + 1))
	fi
}

# A test program that dies without a "not ok" must not pass.
tap() {
	name=$1
	shift
	"$@" >"$log" 2>&1
	status=$?
	grep -v '^ *ok ' "$log"
	count
	if [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then
		echo "not ok - $name exited with $status"
		failed=$((failed + 1))
	fi
	echo "# $name: $good passed, $bad failed"
}

for shell_script in run.sh .ci/run tests/*.sh; do
	one "shellcheck $shell_script" shellcheck "$shell_script"
done
one "shellcheck of the bats files" shellcheck -s bats tests/*.bats tests/fixtures/helper.bash
for page in docs/*.[15]; do
	one "mandoc $page" mandoc -T lint -W warning "$page"
done
# Another version formats otherwise.
case $(clang-format --version 2>&1) in
*"version 14."*)
	one "clang-format" sh -c \
		'find harness tests -name "*.[ch]" | xargs clang-format --dry-run -Werror'
	;;
*) echo "ok - clang-format # skip: .clang-format is for version 14" ;;
esac
one "sigmatrix lint" "$build/sigmatrix" lint

for test in tests/unit/test_*.c; do
	name=$(basename "$test" .c)
	tap "$name, under ASan and UBSan" env CMOCKA_MESSAGE_OUTPUT=TAP "$asan/unit/$name"
done

tap "bats" env BUILD="$PWD/$build" bats --tap tests
tap "bats, under ASan and UBSan" env BUILD="$PWD/$asan" bats --tap tests/cli.bats tests/bad-input.bats

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
