#!/bin/sh
# run.sh PROGRAM... - runs the benches one after the other, then a table of their ratios to a
# reference that ran beside them; started by `make bench`. BENCH_SCALE=.1 makes the workloads a
# tenth as large. SHARED names the folder whose tools/reference/det.c is the reference of `learned`.
set -eu
said=$(mktemp "${TMPDIR:-/tmp}/veer-bench.XXXXXX")
det=${SHARED:-${srcdir:-.}/../shared}/tools/reference/det.c
if [ -r "$det" ] && ${CC:-cc} -O3 -march=native -ffast-math "$det" -o "$said.det" -lm; then
	export VEER_DET="$said.det"
fi
trap 'rm -f "$said" "$said.det"' EXIT
for bench in "$@"; do
	echo "== $(basename "$bench")"
	"./$bench" >"$said.now" || { rm -f "$said.now"; exit 1; }
	cat "$said.now"
	cat "$said.now" >>"$said"
	rm -f "$said.now"
done
echo
printf '%-46s %s\n' WHAT RATIO
sed -n 's/^\(.*[^ ]\)   .*ratio \([0-9.]*\)$/\1\t\2/p' "$said" |
awk -F '\t' '{ printf "%-46s %6s\n", $1, $2 }'
