#!/bin/sh
# Fuzzes the readers of files that strangers wrote, one after the other: 'make fuzz', and with
# --short a fixed number of runs for 'make check' (TAP). Needs clang with libFuzzer (Debian: clang).
# Without it, gcc builds the same targets and they replay the corpus only.
#   tests/fuzz/run.sh [--seconds N | --short] [--merge] BUILD [TARGET]...
# What is found new stays in BUILD/found/TARGET; an input that broke something in BUILD/broken-*.
# --merge takes from there what reaches code the corpus does not, into tests/fuzz/corpus/.
set -eu
cd "$(dirname "$0")/../.."
seconds=600 short='' merge=''
while [ $# -gt 0 ]; do
	case $1 in
	--seconds) seconds=$2 && shift ;;
	--short) short=yes ;;
	--merge) merge=yes ;;
	-*)
		sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
		exit 2
		;;
	*) break ;;
	esac
	shift
done
build=${1:?"the directory to build in"}
shift
corpus=tests/fuzz/corpus
runs=2000 # of each target in a short run, beside the corpus

has_libfuzzer() {
	mkdir -p "$build"
	echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n); int LLVMFuzzerTestOneInput(
		const char *d, unsigned long n) { return d && n > 4096; }' >"$build/try.c"
	clang -fsanitize=fuzzer,address,undefined -o "$build/try" "$build/try.c" 2>/dev/null
}

sanitize='-fsanitize=address,undefined -fno-sanitize-recover=undefined'
if has_libfuzzer; then
	libfuzzer=yes
	make --silent -j2 BUILD="$build" CC=clang CFLAGS='-O1 -g' \
		SANITIZE="-fsanitize=fuzzer-no-link ${sanitize}" fuzzers
else
	libfuzzer=
	echo "# no clang with libFuzzer here (Debian: apt-get install clang): only the corpus is replayed"
	make --silent -j2 BUILD="$build" CFLAGS='-O1 -g' SANITIZE="$sanitize" FUZZ_MAIN= fuzzers
fi
[ $# -gt 0 ] || set -- case guide journal results shell

# fuzz TARGET OPTION...: on what was found before and the corpus.
fuzz() {
	target=$1
	shift
	mkdir -p "$build/found/$target"
	"$build/fuzz/$target" -timeout=20 -rss_limit_mb=2048 -max_len=8192 \
		-dict="tests/fuzz/$target.dict" -artifact_prefix="$build/broken-$target-" "$@"
}

# Each with a fixed seed and a fixed number: the same every time. What is found new goes into the
# first directory, which must not be the corpus.
short_run() {
	if [ "$libfuzzer" ]; then
		rm -rf "$build/found-short/$1"
		mkdir -p "$build/found-short/$1"
		fuzz "$1" -seed=1 -runs=$(($(find "$corpus/$1" -type f | wc -l) + runs)) \
			"$build/found-short/$1" "$corpus/$1"
	else
		"$build/fuzz/$1" "$corpus/$1"
	fi >"$build/$1.log" 2>&1
}

status=0 number=0
[ -z "$short" ] || echo "1..$#"
for target; do
	number=$((number + 1))
	if [ "$short" ]; then
		if short_run "$target"; then
			echo "ok $number fuzz $target"
		else
			sed 's/^/# /' "$build/$target.log" | tail -n 60
			echo "not ok $number fuzz $target"
			status=1
		fi
	elif [ -z "$libfuzzer" ]; then
		"$build/fuzz/$target" "$corpus/$target" || status=1
	elif [ "$merge" ]; then
		fuzz "$target" -merge=1 "$corpus/$target" "$build/found/$target" || status=1
	else
		echo "# $target: $seconds seconds"
		fuzz "$target" -max_total_time="$seconds" -print_final_stats=1 \
			"$build/found/$target" "$corpus/$target" || status=1
	fi
done
exit $status
