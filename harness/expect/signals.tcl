# Signal names and numbers of Linux, the C library's real-time signals (34 to 64).

set signal_names {HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT
	CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS}

proc signal_number {word} {
	if {[string is integer -strict $word]} {return $word}
	set at [lsearch -exact $::signal_names $word]
	if {$at >= 0} {return [expr {$at + 1}]}
	if {[regexp {^RTMIN(\+\d+)?$} $word -> offset]} {return [expr "34 + 0$offset"]}
	if {[regexp {^RTMAX(-\d+)?$} $word -> offset]} {return [expr "64 + 0$offset"]}
	error "no signal $word"
}

proc signal_name {number} {
	if {$number >= 1 && $number <= 31} {return [lindex $::signal_names $number-1]}
	return SIG$number
}

proc signal_mask {list} {
	set mask 0
	foreach word $list {set mask [expr {$mask | 1 << ([signal_number $word] - 1)}]}
	return [format %llx $mask]
}
