# VEER_CUDA: --with-cuda=auto|yes|no|PATH. Sets NVCC, NVCC_GENCODE, CUDA_LDFLAGS, CUDA_LIB_DIR,
# WITH_CUDA, and
# veer_cuda for the summary. Architectures: all that nvcc offers from sm_75 up, the newest also as PTX.
AC_DEFUN([VEER_CUDA], [
AC_ARG_VAR([NVCC], [CUDA compiler])
AC_ARG_VAR([NVCCFLAGS], [its flags (default -O3)])
AC_ARG_VAR([NVCC_GENCODE], [GPU architectures (default: every one it offers from sm_75 up)])
AC_ARG_WITH([cuda],
  [AS_HELP_STRING([--with-cuda=auto|yes|no|PATH],
    [build the CUDA backend, PATH is the toolkit (auto: if nvcc is found)])], [], [with_cuda=auto])
veer_cuda=no
AS_IF([test "x$with_cuda" != xno], [
  AS_CASE([$with_cuda], [yes|auto], [cuda_path=/usr/local/cuda], [cuda_path=$with_cuda])
  AC_PATH_PROG([NVCC], [nvcc], [], [$cuda_path/bin$PATH_SEPARATOR$PATH])
  AS_IF([test -n "$NVCC"], [
    cuda_path=`dirname \`dirname "$NVCC"\``
    : "${NVCCFLAGS=-O3}"
    AS_IF([test -z "$NVCC_GENCODE"], [
      cuda_top=
      for cuda_sm in `$NVCC --list-gpu-code 2>/dev/null | sed -n 's/^sm_\(@<:@0-9@:>@*\)$/\1/p' | sort -n`; do
        AS_IF([test "$cuda_sm" -ge 75], [
          NVCC_GENCODE="$NVCC_GENCODE -gencode arch=compute_$cuda_sm,code=sm_$cuda_sm"
          cuda_top=$cuda_sm])
      done
      AS_IF([test -n "$cuda_top"],
        [NVCC_GENCODE="$NVCC_GENCODE -gencode arch=compute_$cuda_top,code=compute_$cuda_top"])])
    AC_MSG_CHECKING([whether $NVCC compiles a kernel])
    cat >conftest.cu <<_ACEOF
#include <cuda_runtime.h>
__global__ void k(int *p) { *p = 1; }
int main(void) { k<<<1, 1>>>(0); return cudaGetLastError() != cudaSuccess; }
_ACEOF
    AS_IF([$NVCC $NVCCFLAGS -c -o conftest.o conftest.cu >&AS_MESSAGE_LOG_FD 2>&1],
      [veer_cuda="$NVCC, `$NVCC --version | sed -n 's/^Cuda.*release \(@<:@0-9.@:>@*\).*/\1/p'`"])
    rm -f conftest.cu conftest.o
    AC_MSG_RESULT([$veer_cuda])
    for cuda_lib in lib64 lib targets/x86_64-linux/lib; do
      AS_IF([test -f "$cuda_path/$cuda_lib/libcudart_static.a"],
        [CUDA_LIB_DIR="$cuda_path/$cuda_lib" CUDA_LDFLAGS="-L$cuda_path/$cuda_lib"; break])
    done])
  AS_IF([test "x$veer_cuda" = xno && test "x$with_cuda" != xauto],
    [AC_MSG_ERROR([--with-cuda was given, but no nvcc that works was found])])])
AC_SUBST([CUDA_LDFLAGS])
AC_SUBST([CUDA_LIB_DIR])
AM_CONDITIONAL([WITH_CUDA], [test "x$veer_cuda" != xno])])
