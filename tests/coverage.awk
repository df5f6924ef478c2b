# Sums up `gcov -n`: "covered% of lines file", for the sources alone.
/^File / { file = $2; gsub(/'/, "", file); sub(/^.*\/src\//, "src/", file) }
/^Lines executed/ && file ~ /^src\/.*\.c$/ {
	split($0, part, /[:% ]+/)
	printf "%6.2f%% of %4d  %s\n", part[3], part[5], file
	lines += part[5]
	covered += part[3] * part[5] / 100
	file = ""
}
END { if (lines) printf "%6.2f%% of %d lines in all\n", 100 * covered / lines, lines }
