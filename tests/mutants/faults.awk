# What can be broken in a C file of a shell, a line each: LINE, how (delete, negate), the text.
# awk -f faults.awk FILE.c
#
# A statement on a line of its own is left out; the condition of an if is turned round. Declarations,
# jumps, and what only prints or manages memory are left alone.

function is_whole(text,    copy) {
	copy = text
	return gsub(/\(/, "", copy) == gsub(/\)/, "", copy)
}

function only_prints() {
	return $0 ~ /^[ \t]+(out|fmt|cmd(put|txt|list)|s \+=|s = (stpcpy|fmt)|TRACE|sh_|ex?error|ck|free|stu?n?alloc|(pop|set)stackmark|shf_|a(free|resize)|kwarn|(bi_|internal_)?(errorf|warningf))/
}

/^[ \t]+[*]*[A-Za-z_][A-Za-z_0-9]*(\(|->|\.|\[|\+\+|--| ([-+|&]|<<|>>)?= ).*;$/ {
	if (is_whole($0) && !only_prints() && $0 !~ /^[ \t]+(return|sizeof|while|for|switch)/)
		print FNR "\tdelete\t" $0
}

/^[ \t]+(} else )?if \(.*\)( \{)?$/ && is_whole($0) { print FNR "\tnegate\t" $0 }
