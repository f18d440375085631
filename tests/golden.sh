#!/bin/sh
# Every report format of the small and of the hostile results, to be compared with tests/golden/.
#   tests/golden.sh BUILD DIRECTORY
set -eu
cd "$(dirname "$0")/.."
build=$1 directory=$2
for results in small hostile; do
	for format in term markdown summary conformance man html csv tap junit ndjson; do
		COLUMNS=100 "$build/sigmatrix" report "tests/golden/$results.json" \
			--format "$format" --output "$directory/$results.$format"
	done
	for format in text svg dot mermaid json; do
		"$build/sigmatrix" flow "tests/golden/$results.json" --guide tests/golden/guide \
			--format "$format" --output "$directory/$results.flow.$format"
	done
	# All pages of a book, one after the other.
	book=$(mktemp -d)
	"$build/sigmatrix" report "tests/golden/$results.json" --format book \
		--guide tests/golden/guide --output "$book"
	(cd "$book" && find . -type f | LC_ALL=C sort | while read -r page; do
		printf '==> %s\n' "$page"
		cat "$page"
	done) >"$directory/$results.book"
	rm -rf "$book"
done
