#!/bin/sh
# run.sh - fuzzes every target for a while with clang's libFuzzer; started by `make fuzz`.
# Reads $top_srcdir and $FUZZ_SECONDS (for each target); new inputs stay in fuzz/corpus/NAME of the
# build folder, what breaks a target in fuzz/broken/.
set -eu
configure=$(cd "$top_srcdir" && pwd)/configure
corpus=$(cd "$top_srcdir" && pwd)/tests/fuzz/corpus
mkdir -p fuzz/broken
cd fuzz
[ -f Makefile ] || "$configure" -q CC=clang \
	CFLAGS='-g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'
make -s fuzz-targets
for target in tests/fuzz/fuzz_*.libfuzzer; do
	name=$(basename "$target" .libfuzzer)
	name=${name#fuzz_}
	mkdir -p "corpus/$name"
	echo "fuzz $name: ${FUZZ_SECONDS:-120} s"
	"$target" -max_total_time="${FUZZ_SECONDS:-120}" -timeout=10 -print_final_stats=1 \
		-artifact_prefix="broken/$name-" "corpus/$name" "$corpus/$name" 2>"$name.log" || {
		tail -n 40 "$name.log"
		exit 1
	}
	grep -E 'stat::number_of_executed_units|DONE' "$name.log" || :
done
