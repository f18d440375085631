# What one variant of a case comes to on one shell: all text substituted, the steps and rows taken
# apart. No process is started here.

# The words that start a shell non-interactively. Called by another name, it is started through a
# link, which is made in the scene's directory.
proc shell_words {shell links} {
	set program [dict get $shell file]
	if {[dict exists $shell argv0]} {
		set program $links/[dict get $shell name]/[dict get $shell argv0]
		if {![file exists $program]} {
			file mkdir [file dirname $program]
			file link -symbolic $program [dict get $shell file]
		}
	}
	return [concat [list $program] [words [dict get $shell options]]]
}

# What the words of a command are as one string of sh(1).
proc quote_words {words} {
	set quoted {}
	foreach word $words {
		if {![regexp {^[A-Za-z0-9_./:=,@%+-]+$} $word]} {
			set word '[string map {' '\\''} $word]'
		}
		lappend quoted $word
	}
	return [join $quoted]
}

proc put_command {text command} {
	set quoted [quote_words $command]
	return [string map [list "\${COMMAND}" $quoted "\${COMMAND:sh}" $quoted] $text]
}

# The words that start a link with this command.
proc link_words {link command} {
	set words [shell_words $link $::links]
	foreach word [words [dict get $link arguments]] {
		if {$word eq "\${COMMAND}"} {
			lappend words {*}$command
		} else {
			lappend words [put_command $word $command]
		}
	}
	return $words
}

proc substitute {text variant} {
	set map {}
	foreach {name word} $variant {lappend map "\${$name}" $word}
	return [string map $map $text]
}

# ${STARTUP}, in whose text there may be ${SHELL}, ${SHELL} and ${SHELL:name}; throws NA when one is
# not there.
proc substitute_shells {text shell} {
	if {[string match "*\${STARTUP}*" $text]} {
		set startup [dict get $shell startup]
		if {$startup eq ""} {throw NA "the file of [dict get $shell name] has no 'startup'"}
		set text [string map [list "\${STARTUP}" $startup] $text]
	}
	set text [string map [list "\${SHELL}" [join [shell_words $shell $::links]]] $text]
	while {[regexp {\$\{SHELL:([a-z][a-z0-9-]*)\}} $text all name]} {
		set text [string map [list $all [other_shell $name]] $text]
	}
	return $text
}

proc other_shell {name} {
	global shells links
	if {![dict exists $shells $name]} {
		dict set shells $name [read_shell $::shells_dir $name]
	}
	set shell [dict get $shells $name]
	if {[dict get $shell file] eq ""} {throw NA "$name is not installed"}
	return [join [shell_words $shell $links]]
}

# The text of a block for a dialect; "" with found 0.
proc block_text {case kind argument dialect foundVar} {
	upvar 1 $foundVar found
	foreach block [dict get $case blocks] {
		lassign $block k a dialects text
		if {$k eq $kind && $a eq $argument && ($kind eq "outcomes" || $dialect in $dialects)} {
			set found 1
			return $text
		}
	}
	set found 0
	return ""
}

proc has_block {case kind} {
	foreach block [dict get $case blocks] {
		if {[lindex $block 0] eq $kind} {return 1}
	}
	return 0
}

proc code_lines {text} {
	set lines {}
	foreach line [split $text \n] {
		if {![regexp {^\s*(#|$)} $line]} {lappend lines $line}
	}
	return $lines
}

# Rows: {label {condition...} verdict meaning}.
proc parse_rows {text} {
	set rows {}
	foreach line [code_lines $text] {
		if {[regexp {^    } $line]} {
			lset rows end "[lindex $rows end]  [string trim $line]"
		} else {
			lappend rows [string trim $line]
		}
	}
	set parsed {}
	foreach row $rows {
		set fields [split [regsub -all { {2,}|\t+} $row \x01] \x01]
		set at [lsearch -regexp [lrange $fields 1 end] {^(conforms|permitted|violates)$}]
		set conditions {}
		foreach field [lrange $fields 1 $at] {
			foreach condition [split $field ,] {
				set condition [string trim $condition]
				if {$condition ne ""} {lappend conditions $condition}
			}
		}
		lappend parsed [list [lindex $fields 0] $conditions [lindex $fields $at+1] \
			[join [lrange $fields $at+2 end] "  "]]
	}
	return $parsed
}

proc parse_steps {text} {
	set steps {}
	foreach line [code_lines $text] {
		regexp {^\s*(\S+) ?\s*(.*)$} $line -> verb rest
		if {$verb ni {type keys}} {set rest [string trimright $rest]}
		lappend steps [list $verb $rest]
	}
	return $steps
}

# The scene, or an NA thrown.
proc make_scene {case variant shell} {
	set dialect [dict get $shell dialect]
	foreach feature [words [dict get $case needs]] {
		if {$feature in [words [dict get $shell lacks]]} {
			throw NA "[dict get $shell name] has no $feature"
		}
	}
	set scene [dict create script "" files {} command {}]
	if {[dict get $case mode] eq "link"} {
		set text [block_text $case command "" posix found]
		dict set scene command [words [substitute $text $variant]]
	}
	if {[has_block $case script]} {
		set text [block_text $case script "" $dialect found]
		if {!$found} {no_text script $dialect}
		dict set scene script [substitute_shells [substitute $text $variant] $shell]
	}
	set seen {}
	foreach block [dict get $case blocks] {
		lassign $block kind name
		if {$kind ne "file" || $name in $seen} continue
		lappend seen $name
		set text [block_text $case file $name $dialect found]
		if {!$found} {no_text "file $name" $dialect}
		dict lappend scene files $name [substitute_shells [substitute $text $variant] $shell]
	}
	set text [block_text $case steps "" $dialect found]
	if {!$found} {
		set text [block_text $case steps "" posix found]
		if {[regexp -line {^\s*type } $text]} {no_text steps $dialect}
	}
	dict set scene steps [parse_steps [substitute_shells [substitute $text $variant] $shell]]
	set text [block_text $case outcomes "" $dialect found]
	dict set scene rows [parse_rows [substitute_shells [substitute $text $variant] $shell]]
	return $scene
}

proc no_text {what dialect} {
	throw NA "the case has no text of '$what' for the dialect '$dialect'"
}
