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
done
