# Case files, shell files and link files, as docs/case-format.md, sigmatrix-shell(5) and
# sigmatrix-link(5) describe them.

proc read_text {path} {
	set channel [open $path r]
	fconfigure $channel -encoding utf-8 -translation lf
	set text [read $channel]
	close $channel
	return $text
}

proc words {text} {
	return [regexp -all -inline {\S+} $text]
}

# A case: a dict of header keys, and
#   name group prose    as they stand
#   vary                {NAME {word...}} ...
#   blocks              {kind argument dialects text} ..., kind script, file, steps or outcomes
proc read_case {path} {
	set case [dict create name [join [lrange [file split [file rootname $path]] end-1 end] /] \
		group [lindex [file split $path] end-1] vary {} blocks {} prose "" \
		mode "" title "" spec "" options "" ignored "" blocked "" busy no needs ""]
	set lines [split [read_text $path] \n]
	set at 0
	while {[set line [lindex $lines $at]] ne ""} {
		incr at
		if {[regexp {^\s*#} $line]} continue
		if {![regexp {^([a-z]+):\s*(.*?)\s*$} $line -> key value]} {
			error "$path:$at: no header line"
		}
		if {$key eq "vary"} {
			regexp {^(\S+)\s*=\s*(.*)$} $value -> name list
			dict lappend case vary [list $name [words $list]]
		} else {
			dict set case $key $value
		}
	}
	set prose {}
	set block {}
	set blocks {}
	foreach line [lrange $lines $at end] {
		incr at
		if {[regexp {^(script|file|steps|outcomes|command)( [^:]*)?:$} $line -> kind arguments]} {
			if {$block ne ""} {lappend blocks $block}
			set arguments [words $arguments]
			set argument ""
			if {$kind eq "file"} {
				set argument [lindex $arguments 0]
				set arguments [lrange $arguments 1 end]
			}
			if {$arguments eq ""} {set arguments posix}
			set block [list $kind $argument $arguments {}]
		} elseif {$block eq ""} {
			lappend prose $line
		} elseif {$line eq "" || [regexp {^    } $line]} {
			lset block 3 [concat [lindex $block 3] [list [string range $line 4 end]]]
		} else {
			error "$path:$at: neither a block nor a line of one"
		}
	}
	lappend blocks $block
	foreach block $blocks {
		lassign $block kind argument dialects text
		while {[llength $text] && [string trim [lindex $text end]] eq ""} {
			set text [lrange $text 0 end-1]
		}
		dict lappend case blocks [list $kind $argument $dialects [join $text \n]]
	}
	dict set case prose [string trim [join $prose \n] \n]
	set interactive [expr {[dict get $case mode] eq "interactive"}]
	if {![dict exists $case terminal]} {
		dict set case terminal [expr {$interactive ? "yes" : "no"}]
	}
	if {![dict exists $case session]} {
		dict set case session [expr {$interactive ? "leader" : "member"}]
	}
	return $case
}

# All variants, each a flat list NAME word NAME word; the last NAME changes fastest.
proc variants {case} {
	set all [list {}]
	foreach vary [dict get $case vary] {
		lassign $vary name list
		set longer {}
		foreach variant $all {
			foreach word $list {lappend longer [concat $variant [list $name $word]]}
		}
		set all $longer
	}
	return $all
}

proc variant_name {variant} {
	set list {}
	foreach {name word} $variant {lappend list $word}
	return [join $list ,]
}

# A shell: a dict of its keys, env a list of NAME=VALUE, file the program or "".
proc read_shell {dir name} {
	set own [dict create]
	set env {}
	foreach line [split [read_text $dir/$name.shell] \n] {
		if {[regexp {^\s*(#|$)} $line]} continue
		regexp {^([a-z0-9]+):\s*(.*?)\s*$} $line -> key value
		if {$key eq "env"} {lappend env $value} else {dict set own $key $value}
	}
	set shell [dict create env {}]
	if {[dict exists $own like]} {
		set shell [read_shell $dir [dict get $own like]]
	}
	return [finish_shell $name [dict merge $shell $own] $env]
}

# A link: the same, and files a dict of NAME and text. What it is like has its files, too.
proc read_link {dir name} {
	set own [dict create]
	set env {}
	set files [dict create]
	set probes {}
	set block ""
	foreach line [split [read_text $dir/$name.link] \n] {
		if {$block ne "" && ($line eq "" || [regexp {^    } $line])} {
			dict lappend files $block [string range $line 4 end]
			continue
		}
		set block ""
		if {[regexp {^\s*(#|$)} $line]} continue
		if {[regexp {^file\s+(\S+):\s*$} $line -> block]} {
			dict set files $block {}
			continue
		}
		regexp {^([a-z0-9]+):\s*(.*?)\s*$} $line -> key value
		if {$key eq "env"} {
			lappend env $value
		} elseif {$key eq "probe"} {
			lappend probes $value
		} else {
			dict set own $key $value
		}
	}
	dict for {file lines} $files {dict set files $file "[string trimright [join $lines \n] \n]\n"}
	set link [dict create env {} files {} probes {}]
	if {[dict exists $own like]} {
		set link [read_link $dir [dict get $own like]]
	}
	set own [dict merge $link $own]
	dict set own files [dict merge [dict get $link files] $files]
	dict set own probes [concat [dict get $link probes] $probes]
	return [finish_link [finish_shell $name $own $env]]
}

proc finish_link {link} {
	set defaults [dict create kind wrapper arguments "\${COMMAND}" environment kept timer none \
		trace yes probes {} files {}]
	set link [dict merge $defaults $link]
	if {[dict get $link environment] eq "lost"} {dict append link lacks " environment"}
	return $link
}

# Whether what the link file wants to be tried first works; what it printed is the reason if not.
proc probe_link {link} {
	foreach probe [dict get $link probes] {
		if {[dict get $link file] eq ""} {return $link}
		if {[catch {exec timeout 20 {*}[words $probe] </dev/null 2>@1} output]} {
			dict set link file ""
			dict set link missing "'$probe' fails: [lindex [split $output \n] 0]"
		}
	}
	return $link
}

proc finish_shell {name shell env} {
	foreach assignment $env {
		set variable [lindex [split $assignment =] 0]
		set kept {}
		foreach old [dict get $shell env] {
			if {[lindex [split $old =] 0] ne $variable} {lappend kept $old}
		}
		dict set shell env [concat $kept [list $assignment]]
	}
	set defaults [dict create options "" command -c script "" stdin -s interactive -i \
		startup "" lacks "" dialect posix version "" family $name order 50 title $name]
	set shell [dict merge $defaults $shell]
	dict set shell name $name
	dict set shell file [find_program [dict get $shell program]]
	return $shell
}

proc find_program {program} {
	if {[string match */* $program]} {
		return [expr {[file executable $program] ? [file normalize $program] : ""}]
	}
	foreach dir [split $::env(PATH) :] {
		if {[file executable $dir/$program] && ![file isdirectory $dir/$program]} {
			return $dir/$program
		}
	}
	return ""
}

# NAME=COMMAND ARGS of the command line.
proc given_shell {name command} {
	set list [words $command]
	return [finish_shell $name [dict create env {} program [lindex $list 0] \
		options [lrange $list 1 end]] {}]
}
