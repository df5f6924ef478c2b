#!/bin/sh
# demo.sh - makes share/demo.csv: nine days of a small shop in which some two dozen people change
# interest.
#
#   VEER=./veer share/demo.sh > share/demo.csv
#
# Categories without a name in demo-names.csv are folded onto those that have one, so that every
# row can be shown in words. The result is the same bytes on every machine. With TRUTH=FILE, who
# changed and when goes to FILE. With CALM=N, N events of the same shop in which nobody changes: what
# the demo's model is fitted on.
set -eu
here=$(dirname "$0")
if [ -n "${CALM-}" ]; then
	set -- --calm --events "$CALM"
else
	set -- --events 26000 --users 250
fi
"${VEER:-veer}" generate "$@" --seed "${SEED:-22}" ${TRUTH:+--truth "$TRUTH"} |
awk -F, -v OFS=, '
	NR == FNR { if ($1 >= 10000 && $1 < 20000) { known[$1] = 1; id[n++] = $1 } next }
	FNR > 1 && !($4 in known) { $4 = id[$4 % n] }
	{ print }' "$here/demo-names.csv" -
