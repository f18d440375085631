# fish completion for sigmatrix: commands, options and their words come from --help, cases and shells
# from 'sigmatrix list', so that they are those of the program that is installed.

function __sigmatrix_commands
	sigmatrix --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __sigmatrix_command
	set -l words (commandline -opc)
	echo $words[2]
end

function __sigmatrix_options
	sigmatrix (__sigmatrix_command) --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u
end

function __sigmatrix_cases
	begin; sigmatrix list cases; sigmatrix list cases --links; end 2>/dev/null | sed 's/\([^ ]*\)  *\(.*\)/\1\t\2/'
end

# What may follow the option before the cursor.
function __sigmatrix_values
	set -l words (commandline -opc)
	switch $words[-1]
		case --case
			__sigmatrix_cases
		case --shell
			sigmatrix list shells 2>/dev/null | sed 's/\([^ ]*\)  *\(.*\)/\1\t\2/'
		case --link
			sigmatrix list links 2>/dev/null | sed 's/\([^ ]*\)  *\(.*\)/\1\t\2/'
		case --variant
			begin; sigmatrix list cases; sigmatrix list cases --links; end 2>/dev/null | sed -n 's/.*\[\(.*\)\]$/\1/p' | tr ' ' '\n' | sort -u
		case --format
			contains $words[2] chain flow predict; and sigmatrix $words[2] --help | sed -n "s/^ *--format \([a-z]*|[a-z|-]*\).*/\1/p" | tr '|' '\n'
			or sigmatrix report --help | sed -n '/^Formats:/,/^$/s/^  \([a-z0-9]*\)  *\(.*\)/\1\t\2/p'
		case --chart
			sigmatrix flow --help | sed -n '/^Charts:/,/^$/s/^  \([a-z0-9-]*\)  *\(.*\)/\1\t\2/p'
		case --where
			sigmatrix report --help | sed -n '/^Conditions:/,/^$/s/^  \([a-z]*=\{0,1\}\)[^ ]*  *\(.*\)/\1\t\2/p'
		case --output --results --links-results --cases --guide
			__fish_complete_path (commandline -ct)
		case '--*'
			sigmatrix $words[2] --help | sed -n "s/^ *$words[-1] \([a-z]*|[a-z|-]*\).*/\1/p" | tr '|' '\n'
		case '*'
			switch $words[2]
				case explain
					__sigmatrix_cases
				case list
					printf '%s\n' cases shells links
				case '*'
					__fish_complete_path (commandline -ct)
			end
	end
end

function __sigmatrix_wants_command
	test (count (commandline -opc)) -eq 1
end

complete -c sigmatrix -f
complete -c sigmatrix -n __sigmatrix_wants_command -a '(__sigmatrix_commands)'
complete -c sigmatrix -n 'not __sigmatrix_wants_command; and string match -q -- "-*" (commandline -ct)' -a '(__sigmatrix_options)'
complete -c sigmatrix -n 'not __sigmatrix_wants_command' -a '(__sigmatrix_values)'
