# One line on how a mutant differs from its healthy shell.
#   awk -f differ.awk -v mutant=NAME -v shell=NAME -v count=INTERVENTIONS -v doubts='OUTCOME|...' \
#       HEALTHY CELLS
# The healthy shell is in both files. A cell tells something where it came to the same in both, with
# the library that does nothing as well; doubts of the player are counted apart. What comes of a storm
# is chance, and tells nothing.
function doubt(outcome) {
	return outcome ~ "^(" doubts ")$"
}
FNR == NR && $2 == shell { before[$1] = $3 }
FNR == NR && $2 == shell "-none" { idle[$1] = $3 }
FNR != NR && $2 == shell { now[$1] = $3 }
FNR != NR && $2 == shell "-" mutant { liar[$1] = $3; order[++cells] = $1 }
END {
	for (i = 1; i <= cells; i++) {
		cell = order[i]
		if (cell ~ /^robustness\//)
			continue
		if (doubt(before[cell]) || before[cell] != now[cell])
			continue
		if (mutant != "none" && before[cell] != idle[cell])
			continue
		if (liar[cell] == now[cell])
			continue
		name = cell
		sub(":.*", "", name)
		if (doubt(liar[cell]) || liar[cell] == "n/a") {
			doubted++
			continue
		}
		differ++
		if (!(name in seen)) {
			seen[name] = 1
			if (++cases <= 4)
				names = names (cases > 1 ? " " : "") name
		}
	}
	if (cases > 4)
		names = names " and " cases - 4 " more"
	if (!differ)
		names = count + 0 == 0 ? "n/a: never takes that path" : "not detected"
	print mutant, shell, differ + 0, doubted + 0, count + 0, names
}
