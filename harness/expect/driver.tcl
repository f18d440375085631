# sigmatrix's second driver, an independent implementation of docs/case-format.md for expect(1):
#
#   expect -f driver.tcl --actor FILE --stage FILE --cases DIR --shells DIR --output FILE
#       [--case GLOB]... [--shell NAME[=COMMAND ARGS]]... [--jobs N] [--timeout-factor X]
#       [--links DIR [--link NAME[=COMMAND WORDS]]...] [--progress]
#
# With --links the cases for links are played on the links of that directory.
#
# Normally started by sigmatrix crosscheck. It writes a results document and a file of timelines, as
# sigmatrix run does. The parts: files.tcl and scene.tcl read, watch.tcl looks on, play.tcl acts,
# judge.tcl names the outcome, results.tcl writes.
log_user 0
match_max 65536
encoding system utf-8

set here [file dirname [file normalize [info script]]]
foreach part {signals files scene watch judge play results} {source $here/$part.tcl}

proc fail {message} {
	puts stderr "expect driver: $message"
	exit 2
}

set options(case) {}
set options(subjects) {}
set options(links) ""
array set options {jobs 2 timeout-factor 1 output "" worker 0 progress 0}
while {[llength $argv]} {
	set argv [lassign $argv option]
	switch -glob -- $option {
		--worker - --progress {set options([string range $option 2 end]) 1}
		--case {
			set argv [lassign $argv value]
			lappend options(case) $value
		}
		--shell - --link {
			set argv [lassign $argv value]
			lappend options(subjects) $value
		}
		--actor - --stage - --cases - --shells - --links - --output - --jobs - --timeout-factor {
			set argv [lassign $argv value]
			set options([string range $option 2 end]) $value
		}
		default {fail "unknown option $option"}
	}
}
foreach needed {actor stage cases shells} {
	if {![info exists options($needed)]} {fail "--$needed is needed"}
}
set actor [file normalize $options(actor)]
set stage [file normalize $options(stage)]
set shells_dir $options(shells)
set shells [dict create]
set played [dict create]
set links ""

# --- what to play ---

proc wanted_cases {} {
	global options
	set paths {}
	foreach path [lsort [glob -nocomplain $options(cases)/*/*.case]] {
		set name [join [lrange [file split [file rootname $path]] end-1 end] /]
		set wanted [expr {$options(case) eq ""}]
		foreach pattern $options(case) {
			if {[string match $pattern $name] || $pattern eq [file dirname $name]
				|| [string match $pattern [file dirname $name]]
				|| [string match $pattern [file tail $name]]} {set wanted 1}
		}
		if {$wanted && ([dict get [read_case $path] mode] eq "link") == ($options(links) ne "")} {
			lappend paths $path
		}
	}
	if {$paths eq ""} {fail "no case for [subjects] matches $options(case)"}
	return $paths
}

# Shells or links: what is played on. A dict of each by name; shells that only a case's text
# names are in `shells`.
proc subjects {} {
	return [expr {$::options(links) eq "" ? "shells" : "links"}]
}

proc read_subject {name} {
	if {$::options(links) eq ""} {return [read_shell $::shells_dir $name]}
	return [read_link $::options(links) $name]
}

proc given_subject {name command} {
	set shell [given_shell $name $command]
	return [expr {$::options(links) eq "" ? $shell : [finish_link $shell]}]
}

proc wanted_subjects {} {
	global options played
	set all {}
	set dir [expr {$options(links) eq "" ? $options(shells) : $options(links)}]
	set suffix [string trimright [subjects] s]
	foreach wish $options(subjects) {
		if {[regexp {^([^=]+)=(.*)$} $wish -> name command]} {
			dict set played $name [given_subject $name $command]
		} elseif {[string match */* $wish]} {
			# ./my-sh is called my-sh
			set name [file tail $wish]
			dict set played $name [given_subject $name $wish]
		} else {
			if {![file exists $dir/$wish.$suffix]} {fail "no $suffix $wish"}
			set name $wish
			dict set played $name [read_subject $name]
		}
		lappend all $name
	}
	if {$all ne ""} {return $all}
	foreach path [glob $dir/*.$suffix] {
		set name [file rootname [file tail $path]]
		dict set played $name [read_subject $name]
		lappend all [list [dict get $played $name order] $name]
	}
	set names {}
	foreach pair [lsort -index 0 -integer [lsort -index 1 $all]] {lappend names [lindex $pair 1]}
	return $names
}

# Text as one line, and back.
proc one_line {text} {return [string map [list \\ \\\\ \n \\n] $text]}
proc many_lines {line} {return [string map [list \\\\ \\ \\n \n] $line]}

# An error while an event is handled must not leave the driver waiting for ever.
proc bgerror {message} {
	puts stderr "expect driver: $::errorInfo"
	if {!$::options(worker)} stop_workers
	exit 2
}

# --- a worker plays what it is given, one cell a line: PATH VARIANT-NUMBER SHELL ---

proc be_worker {} {
	global options played run_dir
	if {$options(subjects) ne ""} wanted_subjects
	set base [expr {[info exists ::env(TMPDIR)] ? $::env(TMPDIR) : "/tmp"}]
	set run_dir $base/sigmatrix-expect.[pid]
	file mkdir $run_dir
	file attributes $run_dir -permissions 0755
	fconfigure stdout -buffering line -encoding utf-8
	trap {close_stage; file delete -force $::run_dir; exit 2} {INT TERM HUP}
	while {[gets stdin line] >= 0} {
		lassign $line index path number name
		if {![dict exists $played $name]} {dict set played $name [read_subject $name]}
		if {![info exists cases($path)]} {set cases($path) [read_case $path]}
		set variant [lindex [variants $cases($path)] $number]
		set answer [play_cell $cases($path) $variant [dict get $played $name] $options(timeout-factor)]
		# Whoever gave the orders may be gone.
		if {[catch {
			puts [one_line [list $index {*}$answer [json_timeline $cases($path) $variant $name]]]
		}]} break
	}
	file delete -force $run_dir
}

# --- the first process hands cells out ---

proc collect {channel} {
	global answers open_workers next jobs done options
	if {[gets $channel line] < 0} {
		if {![eof $channel]} return
		catch {close $channel}
		if {[incr open_workers -1] == 0} {set done 1}
		return
	}
	set line [many_lines $line]
	set answers([lindex $line 0]) [lrange $line 1 end]
	if {$options(progress)} {puts -nonewline stderr "\r[array size answers]/[llength $jobs]"}
	hand_out $channel
}

proc hand_out {channel} {
	global jobs next
	if {$next < [llength $jobs]} {
		puts $channel [list $next {*}[lindex $jobs $next]]
		incr next
	} else {
		catch {close $channel write}
	}
}

proc stop_workers {} {
	foreach channel $::worker_channels {
		catch {exec kill -TERM {*}[pid $channel]}
		catch {fconfigure $channel -blocking 1}
		catch {close $channel}
	}
}

proc play_all {names paths} {
	global jobs next open_workers done options here worker_channels
	set suffix [string trimright [subjects] s]
	set jobs {}
	set worker_channels {}
	foreach path $paths {
		set case [read_case $path]
		for {set v 0} {$v < [llength [variants $case]]} {incr v} {
			foreach name $names {
				if {[dict get $::played $name file] ne ""} {lappend jobs [list $path $v $name]}
			}
		}
	}
	set next 0
	set command [list expect -f $here/driver.tcl --worker --actor $::actor --stage $::stage \
		--cases $options(cases) --shells $options(shells) --timeout-factor $options(timeout-factor)]
	if {$options(links) ne ""} {lappend command --links $options(links)}
	foreach wish $options(subjects) {lappend command --$suffix $wish}
	set open_workers [expr {max(1, min($options(jobs), [llength $jobs]))}]
	for {set i 0} {$i < $open_workers} {incr i} {
		set channel [open |[concat $command [list 2>@stderr]] r+]
		fconfigure $channel -buffering line -encoding utf-8 -blocking 0
		fileevent $channel readable [list collect $channel]
		lappend worker_channels $channel
		hand_out $channel
	}
	trap {stop_workers; exit 2} {INT TERM HUP}
	vwait done
	if {$options(progress)} {puts -nonewline stderr "\r\033\[K"}
}

if {$options(worker)} {
	be_worker
	exit 0
}
if {$options(output) eq ""} {fail "--output is needed"}
set began [clock seconds]
set names [wanted_subjects]
if {$options(links) ne ""} {
	foreach name $names {dict set played $name [probe_link [dict get $played $name]]}
}
set paths [wanted_cases]
play_all $names $paths
write_results $options(output) $names $paths $began
exit 0
