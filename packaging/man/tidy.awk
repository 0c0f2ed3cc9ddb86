# SPDX-License-Identifier: Apache-2.0
#
# scdoc asks for paragraphs where none can begin, of which `mandoc -Tlint` warns: right after a
# heading, before one, and at the end of an indented block, where it means the text behind it.
/^\.P$/ { wanted = 1; next }
/^\.RE$/ { print; after_heading = 0; next }
/^\.(SH|SS) / { print; wanted = 0; after_heading = 1; next }
{
	if (wanted && !after_heading) {
		print ".P"
	}
	wanted = 0
	after_heading = 0
	print
}
