#!/bin/sh
# What can be checked without running a scene, as TAP. Called by 'make lint' and tests/run.sh.
#   tests/lint.sh BUILD
set -u
cd "$(dirname "$0")/.." || exit
build=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0

check() {
	name=$1
	shift
	if "$@" >"$log" 2>&1; then
		echo "ok - $name"
		return
	fi
	echo "not ok - $name"
	sed 's/^/    /' "$log"
	status=1
}

for script in run.sh .ci/run tests/*.sh tests/*/*.sh completions/sigmatrix.bash \
	packaging/*.sh packaging/debian/tests/smoke examples/story/*.sh examples/story/launcher-exec \
	examples/story/run-tests*; do
	check "shellcheck $script" shellcheck -x "$script"
done
check "shellcheck of the bats files" shellcheck -s bats tests/*.bats tests/fixtures/helper.bash
for page in docs/*.[15]; do
	check "mandoc $page" mandoc -T lint -W warning "$page"
done
# Another version formats otherwise.
case $(clang-format --version 2>&1) in
*"version 14."*)
	check "clang-format" sh -c \
		'find harness tests -name "*.[ch]" | xargs clang-format --dry-run -Werror'
	;;
*) echo "ok - clang-format # skip: .clang-format is for version 14" ;;
esac
check "sigmatrix lint" "$build/sigmatrix" lint
check "every line of docs/coverage.tsv has its case and variant" \
	tests/coverage.sh "$build/sigmatrix" docs/coverage.tsv
check "every shell that violates the standard is named in the case's prose" \
	tests/prose.sh results/matrix.json cases shells
check "every shell that violates the standard was tried by hand" \
	tests/by-hand.sh "$build/sigmatrix" docs/by-hand.tsv results/matrix.json
exit $status
