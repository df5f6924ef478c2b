#!/bin/sh
# gpu.sh [check|bench|build] - on a machine with a GPU, the CUDA toolkit, gcc and nothing else: builds what
# it needs in a folder of its own, then checks (bits, lost devices, compute-sanitizer) and measures, in
# one run of under ten minutes, and prints a short table. Without a word: both.
#   USERS=n EVENTS=n  of the check (1000000, 200)
set -u
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
what=${1-both}
nvcc=${NVCC-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
[ -x "$nvcc" ] || { echo "gpu.sh: nvcc is not installed" >&2; exit 77; }
cuda=$(dirname "$(dirname "$nvcc")")
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
num='-ffp-contract=off -fno-math-errno -fno-trapping-math'
lib=$cuda/lib64
case $(uname -m) in
x86_64) num="$num -DHAVE_TARGET_CLONES" ;;
esac
for d in "$cuda/lib64" "$cuda/lib" "$cuda/targets/x86_64-linux/lib"; do
	[ ! -f "$d/libcudart_static.a" ] || lib=$d
done

# GENCODE: what to compile for (the machine's own).
gencode=${GENCODE--arch=native}
for f in accel_cuda backend_cuda blas blas_find forecast_kernels kernels network pupil; do
	# shellcheck disable=SC2086
	"$nvcc" $gencode -O3 -lineinfo -fmad=false -prec-div=true -prec-sqrt=true -ftz=false -D_GNU_SOURCE \
		-DCUDA_LIB_DIR="\"$lib\"" -I"$top/include" -Xcompiler -fPIC,-ffp-contract=off -c \
		-o "$tmp/$f.o" "$top/cuda/$f.cu" || exit 1
done
# shellcheck disable=SC2086
for f in detect/backend detect/backend_cpu detect/learned detect/mixture detect/module detect/resident \
	base/blocks base/err base/mem base/text series/crew; do
	gcc -std=gnu17 -D_GNU_SOURCE -O3 $num -DVEER_MODULE_DIR='""' -I"$top/include" \
		-c -o "$tmp/$(echo $f | tr / _).o" "$top/src/$f.c" || exit 1
done
for f in gpu gpu_bench gpu_forecast; do
	# shellcheck disable=SC2086
	gcc -std=gnu17 -D_GNU_SOURCE -O3 $num -Wall -Wextra -I"$top/include" -I"$cuda/include" -o "$tmp/$f" \
		"$top/tests/cuda/$f.c" "$tmp"/*.o -L"$lib" -lcudart_static -lstdc++ -lm -ldl -lrt -lpthread ||
		exit 1
done
[ "$what" != build ] || exit 0

bad=0
if [ "$what" != bench ]; then
	"$tmp/gpu" check "${USERS-1000000}" "${EVENTS-200}" || bad=1
	"$tmp/gpu" lost 2000 60 || bad=1
	"$tmp/gpu_forecast" "${USERS-1000000}" "$tmp/rows" || bad=1
	memcheck=$(command -v compute-sanitizer || echo "$cuda/bin/compute-sanitizer")
	if [ -x "$memcheck" ]; then
		for tool in memcheck racecheck synccheck; do
			if "$memcheck" --tool $tool --error-exitcode 9 "$tmp/gpu" check 500 40 >"$tmp/log" 2>&1; then
				printf '%-44s %s\n' "compute-sanitizer, $tool" clean
			else
				printf '%-44s %s\n' "compute-sanitizer, $tool" FAILED
				tail -n 20 "$tmp/log"
				bad=1
			fi
			if "$memcheck" --tool $tool --error-exitcode 9 "$tmp/gpu_forecast" 600 >"$tmp/log" 2>&1; then
				printf '%-44s %s\n' "compute-sanitizer, $tool, of forecasts" clean
			else
				printf '%-44s %s\n' "compute-sanitizer, $tool, of forecasts" FAILED
				tail -n 20 "$tmp/log"
				bad=1
			fi
		done
	else
		printf '%-44s %s\n' compute-sanitizer 'not installed'
	fi
fi
if [ "$what" != check ]; then
	"$tmp/gpu_bench" "${USERS-1000000}" || bad=1
	[ -f "$tmp/rows" ] || "$tmp/gpu_forecast" "${USERS-1000000}" "$tmp/rows" || bad=1
	if python3 -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>"$tmp/log"; then
		python3 "$top/tests/bench/peer_lstm.py" 1 "$tmp/rows" 1 cuda || bad=1
	else
		printf '%-44s %s\n' 'PyTorch learns the same rows' 'skipped: no PyTorch that has the device'
	fi
fi
exit $bad
