#!/bin/sh
# screens.sh - makes the pictures of the console in this folder, and the screen in the man page.
#
#   VEER=PATH share/doc/screens.sh
#
# They are what veer shows of share/demo.csv, saved by its own key S. `make screens` does this.
set -eu
cd "$(dirname "$0")"
veer=${VEER:-veer}
unset NO_COLOR COLORFGBG
LC_ALL=C.UTF-8
export LC_ALL
rm -f ./*.svg
"$veer" replay -q --paused --budget 30/kud --theme dark --names ../demo-names.csv --keys screens.keys ../demo.csv

# In ASCII, and with numbers for names: a page of a manual is read anywhere.
keys=$(mktemp)
trap 'rm -f "$keys" "$keys.1"' EXIT
printf '%s\n' 'wait loaded' 'keys ]]]]]]]]]' 'screen' >"$keys"
LC_ALL=C "$veer" replay -q --paused --glyphs ascii --keys "$keys" ../demo.csv |
	sed 's/\\/\\e/g; s/^[.'\'']/\\\&&/' |
	awk 'NR == FNR { screen = screen $0 "\n"; next }
		/^\.\\" screen$/ { print; printf "%s", screen; is_old = 1; next }
		/^\.\\" end of screen$/ { is_old = 0 }
		!is_old { print }' - ../../man/veer.1 >"$keys.1"
cat "$keys.1" >../../man/veer.1
