#!/bin/sh
# peers.sh PEER ARG... - runs peer_PEER.py, a program that others wrote the heart of, on what a bench
# hands it; its packages are installed once, into $VEER_PEERS or a folder of the build (torch, which
# takes some GB, into $VEER_PEERS alone). Exit 77 and a reason on standard error: this machine cannot
# run it.
set -u
peer=$1
shift
here=$(dirname "$0")
home=${VEER_PEERS:-${top_builddir:-.}/peers}
case $peer in
linear)
	packages='numpy scikit-learn' probe='import numpy, sklearn'
	export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
	;;
forest) packages='numpy scikit-learn lightgbm' probe='import numpy, sklearn, lightgbm' ;;
lstm) packages='numpy torch' probe='import numpy, torch' ;;
*) echo "no peer \"$peer\"" >&2; exit 2 ;;
esac
cannot()
{
	echo "no peer to compare with: $1" >&2
	exit 77
}

[ "$peer" != lstm ] || [ -n "${VEER_PEERS:-}" ] ||
	cannot 'torch takes some GB: name a folder to have it in, VEER_PEERS=FOLDER'
command -v python3 >/dev/null || cannot 'python3 is not installed'
[ -f "$here/peer_$peer.py" ] || cannot "peer_$peer.py is not there"
if [ ! -x "$home/bin/python" ]; then
	python3 -m venv "$home" >/dev/null 2>&1 || cannot 'python3 makes no virtual environment'
fi
if ! "$home/bin/python" -c "$probe" 2>/dev/null; then
	# Names of packages, apart.
	# shellcheck disable=SC2086
	"$home/bin/python" -m pip install -q --disable-pip-version-check $packages \
		>"$home/pip.log" 2>&1 || cannot "pip installs no $packages"
fi
exec "$home/bin/python" "$here/peer_$peer.py" "$@"
