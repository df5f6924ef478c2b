#!/bin/sh
# tap.sh PROGRAM [ARGUMENT]... - runs one test under automake's TAP driver, with four additions:
# a test that hangs is ended; a skip whose reason no line of tests/skips.txt names is a failure; and
# cmocka's "not ok 1 # SKIP name" becomes a skip whose reason is the line printed before it; and the
# log says what the test cost (user and system time), which the time that passed does not.
here=$(dirname "$0")
out=$(mktemp "${TMPDIR:-/tmp}/veer-tap.XXXXXX") || exit 99
trap 'rm -f "$out"' EXIT
trap 'exit 99' HUP INT TERM

[ -x "$1" ] || set -- sh "$@"
timeout -k 10 "${VEER_TEST_SECONDS:-300}" "$@" </dev/null >"$out"
status=$?
[ $status -ne 124 ] || echo "Bail out! still running after ${VEER_TEST_SECONDS:-300} s"

awk -v skips="$here/skips.txt" '
BEGIN {
	while ((getline line < skips) > 0)
		if (line !~ /^(#|$)/)
			allowed[line]
}
function is_allowed(reason,    phrase) {
	for (phrase in allowed)
		if (index(reason, phrase))
			return 1
	return 0
}
match($0, /# *SKIP */) {
	reason = substr($0, RSTART + RLENGTH)
	before = substr($0, 1, RSTART - 1)
	if (sub(/^not ok/, "ok", before)) {     # cmocka: what follows is the name of the test
		before = before "- " reason " "
		reason = last == "" ? "no reason given" : last
	}
	if (!is_allowed(reason)) {
		if (sub(/^1\.\.0/, "1..1\nnot ok 1 -", before) == 0)
			sub(/^ok/, "not ok", before)
		print before "skipped for a reason that tests/skips.txt does not list: " reason
	} else
		print before "# SKIP " reason
	next
}
{ print }
!/^(ok|not ok|1\.\.)/ { last = $0; sub(/^# */, "", last) }
' "$out"
times >"$out"
echo "# cost $(tail -n 1 "$out")"
exit $status
