# SPDX-License-Identifier: GPL-2.0
#
# What each unit test is built from: prints TEST:KEYWORD:WORD for every word of the lines
# "/* KEYWORD: WORD ... */" of a test and of the rigs that it names.

FNR == 1 {
	test = FILENAME
	sub(/.*\//, "", test)
	sub(/\.c$/, "", test)
}

function print_words(line,    keyword, words, count, i)
{
	keyword = line
	sub(/^\/\* /, "", keyword)
	sub(/:.*/, "", keyword)
	sub(/^[^:]*: */, "", line)
	sub(/ *\*\/$/, "", line)
	count = split(line, words, / +/)
	for (i = 1; i <= count; i++) {
		print test ":" keyword ":" words[i]
		if (keyword == "rig")
			print_head(words[i])
	}
}

function print_head(path,    line)
{
	while ((getline line < path) > 0)
		if (line ~ HEAD)
			print_words(line)
	close(path)
}

BEGIN { HEAD = "^/\\* (rig|links|libs|flags|includes|also): .*\\*/$" }

$0 ~ HEAD { print_words($0) }
