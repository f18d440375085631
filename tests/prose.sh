#!/bin/sh
# Does the prose of every case name the shells whose outcome violates the standard?
#   tests/prose.sh results/matrix.json cases shells
# A shell is named by its own name, its program's or its package's, or by one of those of the shell
# that its file says it is like: "BusyBox" is ash, "ksh93" ksh, and "mksh" lksh as well.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT

jq -r '[.cells[] | select(.verdict == "violates") | "\(.case) \(.shell)"] | unique[]' "$1" \
	>"$log" || exit
LC_ALL=C awk -v cases="$2" -v shells="$3" '
# The names of a shell, between blanks.
function names(shell,    file, line, part, like, found) {
	if (shell in known)
		return known[shell]
	file = shells "/" shell ".shell"
	found = " " tolower(shell)
	while ((getline line <file) > 0) {
		split(line, part, /:[ \t]*/)
		if (part[1] == "program" || part[1] == "package")
			found = found " " tolower(part[2])
		else if (part[1] == "like")
			like = part[2]
	}
	close(file)
	known[shell] = found " "
	if (like != "")
		known[shell] = found names(like)
	return known[shell]
}
# The words between the header and the first block, between blanks; "" if there is no such file.
function read_prose(file,    line, text, inside, got) {
	while ((got = getline line <file) > 0) {
		if (line ~ /^(script|file|steps|outcomes)( .*)?:$/)
			break
		if (inside)
			text = text " " tolower(line)
		else if (line ~ /^[ \t]*$/)
			inside = 1
	}
	close(file)
	if (got < 0)
		return ""
	gsub(/[^a-z0-9+-]+/, " ", text)
	return text " "
}
function is_named(shell,    word, n, i) {
	n = split(names(shell), word, / +/)
	for (i = 1; i <= n; i++)
		if (word[i] != "" && index(prose, " " word[i] " "))
			return 1
	return 0
}
function complain() {
	if (unnamed == "")
		return
	printf "%s: %s violate the standard, and the prose does not name them\n", file, unnamed
	status = 1
	unnamed = ""
}
$1 != last {
	complain()
	last = $1
	file = cases "/" $1 ".case"
	prose = read_prose(file)
}
# A case may have gone since these results.
prose != "" && !is_named($2) { unnamed = unnamed (unnamed == "" ? "" : ", ") $2 }
END {
	complain()
	exit status
}
' "$log"
